import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it, vi } from 'vitest';
import { startRedis } from '../src/index.js';
import { ask } from './ask.js';

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A process that starts a server, tells its port, and then has nothing to do but wait for the end of its input. */
async function processWithServer() {
  const module = new URL('../dist/index.js', import.meta.url).href;
  const program = `
    const { startRedis } = await import(${JSON.stringify(module)});
    const { port } = await startRedis();
    console.log(port);
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, port: Number(line) };
}

/** Asks for the folder rather than the pid: a dead process keeps its pid until somebody reaps it. */
async function folderOf(port: number): Promise<string> {
  const folder = /\/\S+/.exec(await ask({ port }, 'CONFIG GET dir'))?.[0] ?? '';
  expect(existsSync(folder)).toBe(true);
  return folder;
}

async function expectGone(port: number, folder: string): Promise<void> {
  await vi.waitFor(async () => {
    await expect(ask({ port }, 'PING')).rejects.toThrow('ECONNREFUSED');
    expect(existsSync(folder)).toBe(false);
  }, 5_000);
}

describe('the life of a server', () => {
  it('stop ends the process and removes its folder', async () => {
    const server = await startRedis({ unixSocket: true });
    await server.stop();
    await server.stop();
    expect(isRunning(server.pid)).toBe(false);
    expect(existsSync(server.socketPath ?? '')).toBe(false);
  });

  it('keeps what it acknowledged over kill -9, when the file is written always', async () => {
    const server = await startRedis({ appendonly: true, appendfsync: 'always' });
    const { pid, url } = server;
    await ask(server, 'SET kept yes');
    await server.kill('SIGKILL');
    expect(isRunning(pid)).toBe(false);
    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(server.url).toBe(url);
    expect(await ask(server, 'GET kept')).toContain('yes');
    await server.stop();
  });

  it('restarts a server that runs', async () => {
    const server = await startRedis({ appendonly: true });
    await ask(server, 'SET kept yes');
    await server.restart();
    expect(await ask(server, 'GET kept')).toContain('yes');
    await server.stop();
  });

  it('stops a server that was frozen', async () => {
    const server = await startRedis();
    await server.kill('SIGSTOP');
    expect(isRunning(server.pid)).toBe(true);
    await server.stop();
    expect(isRunning(server.pid)).toBe(false);
  });

  it('does not outlive a process that is killed', async () => {
    const { child, port } = await processWithServer();
    const folder = await folderOf(port);
    child.kill('SIGKILL');
    await expectGone(port, folder);
  });

  it('does not outlive a process group that is killed', async () => {
    const { child, port } = await processWithServer();
    const folder = await folderOf(port);
    process.kill(-(child.pid ?? Number.NaN), 'SIGKILL');
    await expectGone(port, folder);
  });

  it('does not keep a process alive that forgot to stop it', async () => {
    const { child, port } = await processWithServer();
    const folder = await folderOf(port);
    child.stdin.end();
    await once(child, 'exit');
    await expectGone(port, folder);
  });
});
