import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../programs.mjs';
import type { StartRedisOptions } from './start-redis.js';

/** Where a server listens: a port of the loopback address, plain or with TLS, or a Unix socket and no port (0). */
export interface RedisAddress {
  readonly port: number;
  readonly socketPath?: string;
  readonly tls?: { readonly ca: string };
}

/** The lines of redis.conf. No snapshots: what a test needs to survive a restart, it asks for with `appendonly`. */
export function redisConfig(folder: string, address: RedisAddress, options: StartRedisOptions): string {
  const lines = ['bind 127.0.0.1', `dir ${folder}`, 'save ""', `appendonly ${options.appendonly ? 'yes' : 'no'}`];
  lines.push(`appendfsync ${options.appendfsync ?? 'everysec'}`);
  if (address.tls) {
    lines.push('port 0', `tls-port ${address.port}`, 'tls-auth-clients no');
    lines.push(
      `tls-cert-file ${folder}/cert.pem`,
      `tls-key-file ${folder}/key.pem`,
      `tls-ca-cert-file ${folder}/cert.pem`,
    );
  } else {
    lines.push(`port ${address.port}`);
  }
  if (address.socketPath) lines.push(`unixsocket ${address.socketPath}`);
  if (options.password !== undefined) lines.push(`requirepass ${JSON.stringify(options.password)}`);
  for (const user of options.aclUsers ?? []) lines.push(`user ${user}`);
  lines.push(...(options.extraConfig ?? []));
  return `${lines.join('\n')}\n`;
}

/** Makes a self-signed certificate for 127.0.0.1 and localhost in the folder, and returns it as PEM. */
export async function makeCertificate(folder: string): Promise<string> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const args = ['req', '-x509', ...key, ...subject, '-days', '2', '-out', 'cert.pem'];
  await promisify(execFile)(findProgram('openssl'), args, { cwd: folder });
  return readFile(join(folder, 'cert.pem'), 'utf8');
}

export function redisUrl({ port, socketPath, tls }: RedisAddress, password: string | undefined): string {
  const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  return socketPath ? `unix://${login}${socketPath}` : `${tls ? 'rediss' : 'redis'}://${login}127.0.0.1:${port}`;
}
