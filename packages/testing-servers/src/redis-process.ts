import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../programs.mjs';
import type { GuardedFolder } from './guarded-folder.js';
import { ping } from './ping.js';
import type { RedisAddress } from './redis-config.js';

const START_DEADLINE = 10_000;

/** One run of redis-server in a folder that holds its redis.conf. */
export class RedisProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly pid: number;

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.#ended = once(child, 'exit');
    this.pid = pid;
    // A test process that forgets to stop its server ends all the same, and the guard ends the server.
    child.unref();
  }

  /** Resolves when the server answers PING. */
  static async start(folder: GuardedFolder, address: RedisAddress): Promise<RedisProcess> {
    const program = findProgram('redis-server');
    const log = await open(join(folder.path, 'redis.log'), 'w');
    // Detached for the same reason as the guard: Ctrl-C must not end the server before the tests that use it.
    const child = spawn(program, ['redis.conf'], {
      cwd: folder.path,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn');
    await log.close();
    if (child.pid === undefined) throw new Error('redis-server was started but has no pid.');
    folder.watch(child.pid);
    child.once('exit', () => folder.watch(null));
    const server = new RedisProcess(child, child.pid);
    await server.#answers(folder, address);
    return server;
  }

  async #answers(folder: GuardedFolder, address: RedisAddress): Promise<void> {
    const deadline = Date.now() + START_DEADLINE;
    while (!(await ping(address))) {
      if (!this.running || Date.now() > deadline) {
        const log = await readFile(join(folder.path, 'redis.log'), 'utf8');
        await this.end('SIGKILL');
        throw new Error(`redis-server did not start. Its log:\n${log.split('\n').slice(-15).join('\n')}`);
      }
      await sleep(15);
    }
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends the process and waits until it is gone, also when it is stopped by SIGSTOP. */
  async end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<void> {
    if (!this.running) return;
    this.#child.ref();
    this.signal(signal);
    this.signal('SIGCONT');
    await this.#ended;
  }
}
