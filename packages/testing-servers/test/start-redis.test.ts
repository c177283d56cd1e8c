import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type RedisServer, type StartRedisOptions, startRedis } from '../src/index.js';
import { ask } from './ask.js';

const servers: RedisServer[] = [];

async function setup(options?: StartRedisOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) await server.stop();
});

describe('startRedis', () => {
  it('answers at its URL when it resolves', async () => {
    const server = await setup();
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
    expect(await ask(server, 'PING')).toBe('+PONG\r\n');
  });

  it('asks for the password that its URL carries', async () => {
    const server = await setup({ password: 'p@ss w"ord' });
    expect(new URL(server.url).password).toBe(encodeURIComponent('p@ss w"ord'));
    expect(await ask(server, 'PING')).toMatch(/^-NOAUTH/);
    expect(await ask(server, 'AUTH "p@ss w\\"ord"')).toBe('+OK\r\n');
  });

  it('knows the users it was given', async () => {
    const server = await setup({ aclUsers: ['alice on >secret ~a:* &* +@all', 'default off'] });
    expect(await ask(server, 'PING')).toMatch(/^-NOAUTH/);
    expect(await ask(server, 'AUTH alice secret', 'SET a:1 x', 'SET b:1 x')).toMatch(/^\+OK\r\n\+OK\r\n-NOPERM/);
  });

  it('speaks TLS with a certificate that its own authority vouches for', async () => {
    const server = await setup({ tls: true });
    expect(server.url).toBe(`rediss://127.0.0.1:${server.port}`);
    expect(await ask(server, 'PING')).toBe('+PONG\r\n');
  });

  it('listens on a Unix socket and on no port', async () => {
    const server = await setup({ unixSocket: true });
    expect(server).toMatchObject({ port: 0, url: `unix://${server.socketPath}` });
    expect(await ask(server, 'PING')).toBe('+PONG\r\n');
  });

  it('takes more lines of configuration', async () => {
    const server = await setup({ extraConfig: ['maxmemory 12mb'] });
    expect(await ask(server, 'CONFIG GET maxmemory', 'PING')).toContain(`${12 * 1024 * 1024}`);
  });

  it('keeps a log', async () => {
    const server = await setup();
    expect(await server.log()).toContain('Ready to accept connections');
  });

  it('shows what redis-server said when it does not start, and leaves no folder', async () => {
    const temporary = await mkdtemp(join(tmpdir(), 'flowrra-test-'));
    vi.stubEnv('TMPDIR', temporary);
    await expect(startRedis({ extraConfig: ['no-such-setting 1'] })).rejects.toThrow(/no-such-setting/);
    expect(await readdir(temporary)).toEqual([]);
    await rmdir(temporary);
  });

  it('names the line that installs a missing program', async () => {
    vi.stubEnv('PATH', '');
    await expect(startRedis()).rejects.toThrow('Install it with: apt-get install redis-server');
  });
});
