import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../programs.mjs';
import { freePort, redisAnswers } from './ping.js';
import { type PrivateServer, startPrivateServer } from './private-server.js';
import { makeCertificate, type RedisAddress, redisConfig, redisUrl } from './redis-config.js';

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
  /** Start a Sentinel, which keeps no data. */
  sentinel?: boolean | undefined;
  /** More lines for redis.conf: `maxmemory 10mb`, `enable-debug-command local`. */
  extraConfig?: readonly string[] | undefined;
}

/** `url` is for the default user: `redis://`, `rediss://` or `unix://`, with the password where there is one. */
export interface RedisServer extends PrivateServer {
  readonly socketPath?: string;
  readonly tls?: { readonly ca: string };
}

/**
 * Starts a private redis-server in a temporary folder and waits until it answers. It ends with `stop()` or with this
 * process, whichever comes first and however it comes.
 *
 * @throws an Error with the line that installs redis-server or openssl, where it is missing
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  if (options.tls && options.unixSocket) throw new Error('startRedis: choose one of tls and unixSocket.');
  return startPrivateServer<RedisAddress>({
    name: 'redis',
    programs: options.tls ? ['redis-server', 'openssl'] : ['redis-server'],
    configure: async (folder) => {
      const address = await chooseAddress(folder, options);
      await writeFile(join(folder, 'redis.conf'), redisConfig(folder, address, options));
      return address;
    },
    command: (_folder, address) => ({
      program: findProgram('redis-server'),
      args: options.sentinel ? ['redis.conf', '--sentinel'] : ['redis.conf'],
      answers: () => redisAnswers(address),
    }),
    url: (address) => redisUrl(address, options.password),
    portTaken: /Address already in use/,
  });
}

async function chooseAddress(folder: string, options: StartRedisOptions): Promise<RedisAddress> {
  if (options.unixSocket) return { port: 0, socketPath: join(folder, 'redis.sock') };
  const port = await freePort();
  return options.tls ? { port, tls: { ca: await makeCertificate(folder) } } : { port };
}
