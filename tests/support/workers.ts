import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, type Duration, defineTask, Flowrra } from '@flowrra/core';
import { inject, onTestFinished } from 'vitest';
import { type NodeProcess, startNode } from './node-process.js';
import { silentLogger } from './world.js';

/** The tasks of tests/fixtures/worker.mjs. */
export const tasks = {
  work: defineTask<(ms: number) => string>('work', { retries: 0 }),
  gated: defineTask<(gate: string) => string>('gated', { retries: 0 }),
  linger: defineTask<() => string>('linger', { retries: 0 }),
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
  /** Where it reaches Redis; by default where the producer does. */
  readonly url?: string;
}

/** Where a fleet keeps messages and results: together, or in two databases of a server. */
export const PLACES = ['one place', 'two places'] as const;

/**
 * Real worker processes on one Redis (the one of the test run, unless another is named), a producer in this process, and
 * a ledger file of what the workers did.
 */
export function openFleet(url: string = inject('redisUrl'), places: (typeof PLACES)[number] = 'one place') {
  const folder = mkdtempSync(join(tmpdir(), 'flowrra-fleet-'));
  const ledgerFile = join(folder, 'ledger.jsonl');
  writeFileSync(ledgerFile, '');
  const stores = places === 'one place' ? { url } : { broker: `${url}/0`, backend: `${url}/1` };
  const config = { ...stores, keyPrefix: `test-${randomUUID()}` } satisfies Config;
  const producer = new Flowrra({ ...config, logger: silentLogger });
  const workers: NodeProcess[] = [];
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.end()));
    await producer.stop();
    rmSync(folder, { recursive: true });
  });

  return {
    producer,
    /** A gate, shut until it is opened: what the task `gated` waits for. */
    gate(): { readonly file: string; open(): void } {
      const file = join(folder, `gate-${randomUUID()}`);
      return { file, open: () => writeFileSync(file, '') };
    },
    config,
    async worker(options: WorkerOptions = {}): Promise<NodeProcess> {
      const { lease = '1s', ioWorkers = 4, grace = '5s', execArgv = [], ...own } = options;
      const settings = {
        ledger: ledgerFile,
        grace,
        config: { ...config, ...own, executor: { lease, ioWorkers, pollInterval: '200ms' } },
      };
      const worker = await startNode('worker.mjs', settings, execArgv);
      workers.push(worker);
      return worker;
    },
    ledger(): LedgerEntry[] {
      // What follows the last line break is being written.
      const lines = readFileSync(ledgerFile, 'utf8').split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as LedgerEntry);
    },
  };
}
