import { type RedisServer, startRedis } from '@flowrra/testing-servers';
import { Redis } from 'ioredis';

/** A private Redis that is emptied between measurements, and what it says of itself. */
export class MeasuredRedis {
  readonly #server: RedisServer;
  readonly #redis: Redis;

  private constructor(server: RedisServer) {
    this.#server = server;
    this.#redis = new Redis(server.url);
  }

  static async start(options: { appendonly: boolean }): Promise<MeasuredRedis> {
    return new MeasuredRedis(await startRedis(options));
  }

  get url(): string {
    return this.#server.url;
  }

  async empty(): Promise<void> {
    await this.#redis.flushall();
  }

  /** Processor time that it has used so far, for itself and in the kernel, in milliseconds. */
  async cpuTime(): Promise<number> {
    const info = await this.#redis.info('cpu');
    return (fieldOf(info, 'used_cpu_user') + fieldOf(info, 'used_cpu_sys')) * 1_000;
  }

  /** Bytes that its data and buffers take. */
  async usedMemory(): Promise<number> {
    return fieldOf(await this.#redis.info('memory'), 'used_memory');
  }

  async stop(): Promise<void> {
    await this.#redis.quit();
    await this.#server.stop();
  }
}

function fieldOf(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(.+)$`, 'm').exec(info)?.[1]);
}
