import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../programs.mjs';
import { type GuardedFolder, guardedFolder } from './guarded-folder.js';
import { freePort } from './ping.js';
import { makeCertificate, type RedisAddress, redisConfig, redisUrl } from './redis-config.js';
import { RedisProcess } from './redis-process.js';

export interface StartRedisOptions {
  /** Keep the data over `restart()`, by an append-only file. Default false. */
  appendonly?: boolean | undefined;
  /** Default `everysec`, as in Redis. */
  appendfsync?: 'always' | 'everysec' | 'no' | undefined;
  /** The default user's password; part of `url`. */
  password?: string | undefined;
  /** Users in the words of redis.conf, without the leading `user`: `alice on >secret ~* &* +@all`. */
  aclUsers?: readonly string[] | undefined;
  /** TLS with a self-made certificate, whose authority is `server.tls.ca`. Needs the openssl program. */
  tls?: boolean | undefined;
  /** Listen on a Unix socket instead of a port; not together with `tls`. */
  unixSocket?: boolean | undefined;
  /** More lines for redis.conf: `maxmemory 10mb`, `enable-debug-command local`. */
  extraConfig?: readonly string[] | undefined;
}

export interface RedisServer {
  /** For the default user: `redis://`, `rediss://` or `unix://`, with the password where there is one. */
  readonly url: string;
  /** 0 where the server listens on a Unix socket. */
  readonly port: number;
  /** Of the present process: another one after `restart()`. */
  readonly pid: number;
  readonly socketPath?: string;
  readonly tls?: { readonly ca: string };
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
  /** Sends a signal; when it is one that ends the server, waits for the end. Default SIGKILL. The folder stays. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts the server again at the same address, with what its append-only file holds; ends it first if it runs. */
  restart(): Promise<void>;
}

const ATTEMPTS = 3;

/**
 * Starts a private redis-server in a temporary folder and waits until it answers. It ends with `stop()` or with this
 * process, whichever comes first and however it comes.
 *
 * @throws an Error with the line that installs redis-server or openssl, where it is missing
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  if (options.tls && options.unixSocket) throw new Error('startRedis: choose one of tls and unixSocket.');
  // Before anything is made that would have to be removed again.
  for (const program of options.tls ? ['redis-server', 'openssl'] : ['redis-server']) findProgram(program);
  const folder = await guardedFolder('redis');
  try {
    for (let attempt = 1; ; attempt++) {
      const address = await chooseAddress(folder.path, options);
      await writeFile(join(folder.path, 'redis.conf'), redisConfig(folder.path, address, options));
      try {
        return serverHandle(folder, address, options, await RedisProcess.start(folder, address));
      } catch (error) {
        // Somebody took the free port in the meantime: choose another.
        if (attempt === ATTEMPTS || !String(error).includes('Address already in use')) throw error;
      }
    }
  } catch (error) {
    await folder.release();
    throw error;
  }
}

async function chooseAddress(folder: string, options: StartRedisOptions): Promise<RedisAddress> {
  if (options.unixSocket) return { port: 0, socketPath: join(folder, 'redis.sock') };
  const port = await freePort();
  return options.tls ? { port, tls: { ca: await makeCertificate(folder) } } : { port };
}

function serverHandle(
  folder: GuardedFolder,
  address: RedisAddress,
  options: StartRedisOptions,
  firstRun: RedisProcess,
): RedisServer {
  let current = firstRun;
  return {
    url: redisUrl(address, options.password),
    ...address,
    get pid() {
      return current.pid;
    },
    async stop() {
      await current.end('SIGKILL');
      await folder.release();
    },
    async kill(signal = 'SIGKILL') {
      if (signal === 'SIGKILL' || signal === 'SIGTERM' || signal === 'SIGINT') await current.end(signal);
      else current.signal(signal);
    },
    async restart() {
      await current.end('SIGTERM');
      current = await RedisProcess.start(folder, address);
    },
  };
}
