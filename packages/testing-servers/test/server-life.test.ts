import { type ChildProcess, spawn } from 'node:child_process';
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

/** A process that starts a server, tells about it, and then does what the code says. */
async function processWithServer(code: string): Promise<{ child: ChildProcess; pid: number; socketPath: string }> {
  const module = new URL('../dist/index.js', import.meta.url).href;
  const program = `
    const { startRedis } = await import(${JSON.stringify(module)});
    const { pid, socketPath } = await startRedis({ unixSocket: true });
    console.log(JSON.stringify({ pid, socketPath }));
    ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, ...JSON.parse(line) };
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
    const { child, pid, socketPath } = await processWithServer('setInterval(() => {}, 1000);');
    expect(isRunning(pid)).toBe(true);
    child.kill('SIGKILL');
    await vi.waitFor(() => expect({ running: isRunning(pid), folder: existsSync(socketPath) }).toEqual(gone), 5_000);
  });

  it('does not outlive a process group that is killed', async () => {
    const { child, pid, socketPath } = await processWithServer('setInterval(() => {}, 1000);');
    process.kill(-(child.pid ?? Number.NaN), 'SIGKILL');
    await vi.waitFor(() => expect({ running: isRunning(pid), folder: existsSync(socketPath) }).toEqual(gone), 5_000);
  });

  it('does not keep a process alive that forgot to stop it', async () => {
    const { child, pid, socketPath } = await processWithServer('');
    if (child.exitCode === null) await once(child, 'exit');
    await vi.waitFor(() => expect({ running: isRunning(pid), folder: existsSync(socketPath) }).toEqual(gone), 5_000);
  });
});

const gone = { running: false, folder: false };
