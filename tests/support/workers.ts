import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, type Duration, defineTask, Flowrra } from '@flowrra/core';
import { inject, onTestFinished } from 'vitest';
import { silentLogger } from './world.js';

/** The tasks of tests/fixtures/worker.mjs. */
export const tasks = {
  work: defineTask<(ms: number) => string>('work', { retries: 0 }),
  block: defineTask<(ms: number) => string>('block', { retries: 0 }),
  die: defineTask<(how: 'kill' | 'exit' | 'memory') => never>('die'),
  failOnce: defineTask<() => string>('failOnce', { retries: { max: 1, delay: '3s', jitter: false } }),
  float: defineTask<() => string>('float'),
};

export interface LedgerEntry {
  readonly pid: number;
  readonly at: number;
  readonly event: string;
  readonly id?: string;
  readonly fence?: number;
  readonly attempt?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly taskId?: string;
}

export interface WorkerOptions {
  readonly lease?: Duration;
  readonly grace?: Duration;
  readonly ioWorkers?: number;
  readonly execArgv?: string[];
}

export interface Worker {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process is gone. */
  exited(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Real worker processes on one Redis (the one of the test run, unless another is named), a producer in this process, and
 * a ledger file of what the workers did.
 */
export function openFleet(url: string = inject('redisUrl')) {
  const folder = mkdtempSync(join(tmpdir(), 'flowrra-fleet-'));
  const ledgerFile = join(folder, 'ledger.jsonl');
  writeFileSync(ledgerFile, '');
  const config: Config = { url, keyPrefix: `test-${randomUUID()}` };
  const producer = new Flowrra({ ...config, logger: silentLogger });
  const children: ChildProcess[] = [];
  onTestFinished(async () => {
    await Promise.all(children.map((child) => endProcess(child)));
    await producer.stop();
    rmSync(folder, { recursive: true });
  });

  return {
    producer,
    async worker(options: WorkerOptions = {}): Promise<Worker> {
      const { lease = '1s', ioWorkers = 4, grace = '5s', execArgv = [] } = options;
      const settings = {
        ledger: ledgerFile,
        grace,
        config: { ...config, executor: { lease, ioWorkers, pollInterval: '200ms' } },
      };
      const file = fileURLToPath(new URL('../fixtures/worker.mjs', import.meta.url));
      const child = spawn(process.execPath, [...execArgv, file, JSON.stringify(settings)], {
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      });
      children.push(child);
      const exit = once(child, 'exit').then(([code, signal]) => ({
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
      }));
      await Promise.race([once(child, 'message'), exit]);
      return { pid: child.pid ?? 0, kill: (signal) => void child.kill(signal), exited: () => exit };
    },
    ledger(): LedgerEntry[] {
      const lines = readFileSync(ledgerFile, 'utf8').split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as LedgerEntry);
    },
  };
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
