import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { programs } from '../programs.mjs';
import { type PrivateServer, startMariadb, startPostgres } from '../src/index.js';

const run = promisify(execFile);
const servers: PrivateServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

/** `ask` runs a statement and returns what it prints; the clients come with the servers. */
const engines = [
  {
    name: 'PostgreSQL',
    start: startPostgres,
    startName: 'startPostgres',
    folder: 'flowrra-postgres-',
    url: /^postgresql:\/\/postgres@127\.0\.0\.1:\d+\/postgres$/,
    ask: async (url: string, sql: string) =>
      (await run('psql', [url, '-At', '-v', 'ON_ERROR_STOP=1', '-c', sql])).stdout,
    maxConnections: 'SHOW max_connections',
    wrongLine: 'no_such_setting = 1',
    installs: 'apt-get install postgresql',
  },
  {
    name: 'MariaDB',
    start: startMariadb,
    startName: 'startMariadb',
    folder: 'flowrra-mariadb-',
    url: /^mysql:\/\/root@127\.0\.0\.1:\d+\/flowrra$/,
    ask: async (url: string, sql: string) => {
      const { port, username, password, pathname } = new URL(url);
      const login = [`--user=${username}`, `--password=${decodeURIComponent(password)}`, `--port=${port}`];
      const args = ['--no-defaults', '--protocol=tcp', '--host=127.0.0.1', ...login, pathname.slice(1), '-NBe', sql];
      return (await run('mariadb', args)).stdout;
    },
    maxConnections: 'SELECT @@max_connections',
    wrongLine: 'no-such-setting = 1',
    installs: 'apt-get install mariadb-server',
  },
];

describe.each(engines)(
  'a private $name',
  ({ start, startName, folder, url, ask, maxConnections, wrongLine, installs }) => {
    const setup = async (options?: Parameters<typeof start>[0]) => {
      const server = await start(options);
      servers.push(server);
      return server;
    };

    it('answers at its URL when it resolves', async () => {
      const server = await setup();
      expect(server.url).toMatch(url);
      expect(await ask(server.url, 'SELECT 41 + 1')).toBe('42\n');
    });

    it('asks for the password that its URL carries', async () => {
      const server = await setup({ password: `p@ss'w\\"ord` });
      expect(await ask(server.url, 'SELECT 1')).toBe('1\n');
      const wrong = server.url.replace(/:[^:@]*@/, ':wrong@');
      await expect(ask(wrong, 'SELECT 1')).rejects.toThrow(/password authentication failed|Access denied/);
    });

    it('takes more lines of configuration', async () => {
      const server = await setup({ extraConfig: ['max_connections = 23'] });
      expect(await ask(server.url, maxConnections)).toBe('23\n');
    });

    it('shows what the server said when it does not start, and leaves no folder', async () => {
      // PostgreSQL's user has to get into it, as into /tmp.
      const before = (await readdir(tmpdir())).filter((name) => name.startsWith(folder));
      await expect(start({ extraConfig: [wrongLine] })).rejects.toThrow(wrongLine.split(' ')[0]);
      const after = (await readdir(tmpdir())).filter((name) => name.startsWith(folder));
      expect(after.filter((name) => !before.includes(name))).toEqual([]);
    });

    it('names the line that installs a missing program', async () => {
      vi.stubEnv('PATH', '');
      const table = programs.splice(0);
      programs.push(...table.map(({ name, debian }) => ({ name, debian })));
      onTestFinished(() => {
        vi.unstubAllEnvs();
        programs.splice(0, programs.length, ...table);
      });
      await expect(start()).rejects.toThrow(`Install it with: ${installs}`);
    });

    it('keeps what it confirmed over kill -9, at the same URL', async () => {
      const server = await setup({ durable: true });
      const { pid, url: firstUrl } = server;
      await ask(server.url, 'CREATE TABLE kept (answer int)');
      await ask(server.url, 'INSERT INTO kept VALUES (42)');
      await server.kill('SIGKILL');
      await expect(ask(server.url, 'SELECT 1')).rejects.toThrow();
      await server.restart();
      expect(server.pid).not.toBe(pid);
      expect(server.url).toBe(firstUrl);
      expect(await ask(server.url, 'SELECT answer FROM kept')).toBe('42\n');
    });

    it('restarts while it runs, and stops when it was frozen', async () => {
      const server = await setup();
      await server.restart();
      expect(await ask(server.url, 'SELECT 1')).toBe('1\n');
      await server.kill('SIGSTOP');
      await server.stop();
      await expect(ask(server.url, 'SELECT 1')).rejects.toThrow();
    });

    it('does not outlive a process that is killed', async () => {
      const temporary = await mkdtemp(join(tmpdir(), 'flowrra-test-'));
      await run('chmod', ['755', temporary]);
      const module = new URL('../dist/index.js', import.meta.url).href;
      const program = `
      const { ${startName} } = await import(${JSON.stringify(module)});
      console.log((await ${startName}()).url);
      process.stdin.resume();`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        env: { ...process.env, TMPDIR: temporary },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const [line] = await once(createInterface(child.stdout), 'line');
      expect(await ask(line, 'SELECT 1')).toBe('1\n');
      child.kill('SIGKILL');
      await vi.waitFor(async () => expect(await readdir(temporary)).toEqual([]), 10_000);
      await expect(ask(line, 'SELECT 1')).rejects.toThrow();
      await rm(temporary, { recursive: true });
      expect(existsSync(temporary)).toBe(false);
    });
  },
);
