import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { AbortSwitch } from '../../src/executors/abort-switch.js';
import type { AttemptEnd } from '../../src/executors/attempt.js';
import type { CpuJob } from '../../src/executors/cpu-job.js';
import { CpuPool } from '../../src/executors/cpu-pool.js';
import type { Logger } from '../../src/logger.js';
import type { JsonValue } from '../../src/tasks/codec.js';
import type { Program } from './fixtures/cpu-program.js';

export const fixture = (file: string): string => new URL(`./fixtures/${file}`, import.meta.url).href;

/** A job on the handlers of cpu-handlers.mjs, unless it says otherwise. */
export function job(exportName: string, args: readonly JsonValue[] = [], other: Partial<CpuJob> = {}): CpuJob {
  return {
    module: fixture('cpu-handlers.mjs'),
    exportName,
    args,
    kwargs: null,
    context: { id: 'id-1', name: 'a.task', queue: 'default', attempt: 2, fence: 3 },
    maxPayloadBytes: 10_000,
    ...other,
  };
}

export interface LogLine {
  readonly level: keyof Logger;
  readonly data: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A pool that ends with its test, and what it logs. */
export function setup({ threads = 1 } = {}) {
  const lines: LogLine[] = [];
  const logAs = (level: keyof Logger) => (data: object, message: string) => {
    lines.push({ level, data: { ...data }, message });
  };
  const logger = { debug: logAs('debug'), info: logAs('info'), warn: logAs('warn'), error: logAs('error') };
  const pool = new CpuPool({ threads, logger });
  onTestFinished(() => pool.close());
  return {
    pool,
    lines,
    run: (work: CpuJob, options: { run?: AbortSwitch; onProgress?: (json: string) => void } = {}) =>
      pool.run(work, { run: new AbortSwitch(), onProgress: () => {}, ...options }),
  };
}

/** The value of an attempt that succeeded. */
export function resultOf(end: AttemptEnd | undefined): unknown {
  if (end?.status !== 'success') throw new Error(`The attempt should have succeeded: ${JSON.stringify(end)}`);
  return JSON.parse(end.resultJson);
}

/** Whether a thread still holds its port, which ends with the thread alone. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Runs jobs in a Node process of its own. Resolves when it has ended by itself. */
export async function runProgram(
  jobs: readonly CpuJob[],
  options: { nodeArgs?: readonly string[]; env?: Readonly<Record<string, string>>; close?: boolean } = {},
) {
  const { nodeArgs = ['--import', 'tsx'], env = {}, close = true } = options;
  const program: Program = { jobs, close };
  const file = fileURLToPath(new URL('./fixtures/cpu-program.ts', import.meta.url));
  const child = spawn(process.execPath, [...nodeArgs, file, JSON.stringify(program)], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines: unknown[] = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  // The program prints one end per job between its two other lines.
  return { exitCode, stderr, lines, ends: lines.slice(1, -1) as AttemptEnd[] };
}
