import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { printable, screen } from './screen.js';

/** The worker processes of a run over Redis: the same program in another role. */
export class Workers {
  readonly #running = new Set<ChildProcess>();
  #stopping = false;
  #allLost = false;

  /** @param onAllLost called when the last worker has ended although nobody asked for it */
  constructor(readonly onAllLost: () => void) {}

  get pids(): number[] {
    return [...this.#running].flatMap(({ pid }) => pid ?? []);
  }

  get allLost(): boolean {
    return this.#allLost;
  }

  start(count: number, runId: string): void {
    for (let i = 0; i < count; i++) this.#startOne(runId);
  }

  /** Asks the workers to end what they hold and stop; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const ends = [...this.#running].map((worker) => once(worker, 'close'));
    for (const worker of this.#running) worker.kill('SIGTERM');
    await Promise.all(ends);
  }

  #startOne(runId: string): void {
    const worker = spawn(process.execPath, [process.argv[1] ?? ''], {
      env: { ...process.env, DEMO_RUN_ID: runId },
      // The channel carries nothing; its end tells the worker that the producer is gone.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A Ctrl-C in the terminal is for the producer, which stops its workers in order.
      detached: true,
    });
    this.#running.add(worker);
    screen.print(`worker ${worker.pid} started; kill -9 ${worker.pid} to see the other one take over`);
    for (const output of [worker.stdout, worker.stderr]) {
      if (!output) continue;
      createInterface({ input: output }).on('line', (line) => screen.print(`worker ${worker.pid}: ${printable(line)}`));
    }
    worker.once('close', (code, signal) => this.#onClose(worker, signal ?? `exit code ${code}`));
  }

  #onClose(worker: ChildProcess, how: string): void {
    this.#running.delete(worker);
    if (this.#stopping) return;
    screen.print(`worker ${worker.pid} is gone (${how}); what it held goes to the others when its lease ends`);
    if (this.#running.size > 0) return;
    this.#allLost = true;
    this.onAllLost();
  }
}
