import { type QueueSize, systemClock, type Timer } from '@flowrra/core';
import type { Screen } from './screen.js';
import type { Tally } from './tally.js';

const REDRAW_EVERY = 100;
const PLAIN_LINE_EVERY = 10_000;
const BAR = 24;

export interface ProgressSource {
  readonly tally: Tally;
  readonly workerPids: () => readonly number[];
  /** Undefined while it is not known. */
  readonly queueSize: () => QueueSize | undefined;
}

/** Shows how far the run is: lines that are redrawn in a terminal, now and then a line everywhere else. */
export class ProgressView {
  readonly #screen: Screen;
  readonly #source: ProgressSource;
  readonly #start = systemClock.now();
  #timer: Timer | undefined;
  #tenths = 0;
  #printedAt = this.#start;

  constructor(screen: Screen, source: ProgressSource) {
    this.#screen = screen;
    this.#source = source;
    this.#tick();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#screen.show([]);
  }

  /** Milliseconds since the view was started. */
  get elapsed(): number {
    return systemClock.now() - this.#start;
  }

  #tick(): void {
    if (this.#screen.isLive) {
      this.#screen.show(this.#lines());
    } else {
      this.#printNowAndThen();
    }
    this.#timer = systemClock.after(REDRAW_EVERY, () => this.#tick(), { keepAlive: false });
  }

  #lines(): string[] {
    const { tally, workerPids, queueSize } = this.#source;
    const pids = workerPids();
    const queue = queueSize();
    return [
      `${tally.filesDone} of ${tally.filesFound} files, ${(this.elapsed / 1000).toFixed(1)} s ${bar(tally.filesDone, tally.filesFound)}`,
      ...[...tally.tasks].map(([name, { submitted, success, failed, cancelled, retries }]) => {
        const ended = `  ${name.padEnd(14)} ${String(success + failed + cancelled).padStart(7)} of ${submitted}`;
        return ended + (retries > 0 ? `, ${retries} retries` : '') + (failed > 0 ? `, ${failed} failed` : '');
      }),
      ...(queue ? [`  queue: ${queue.waiting} waiting, ${queue.running} running, ${queue.delayed} delayed`] : []),
      ...(pids.length > 0 ? [`  workers ${pids.join(', ')}`] : []),
    ];
  }

  /** A line whenever another tenth of the files is done, and when nothing was said for a while. */
  #printNowAndThen(): void {
    const { filesDone, filesFound } = this.#source.tally;
    const tenths = filesFound > 0 ? Math.floor((filesDone * 10) / filesFound) : 0;
    const quiet = systemClock.now() - this.#printedAt >= PLAIN_LINE_EVERY;
    if (tenths === this.#tenths && !quiet) return;
    this.#tenths = tenths;
    this.#printedAt = systemClock.now();
    this.#screen.print(`${String(tenths * 10).padStart(3)} %: ${filesDone} of ${filesFound} files`);
  }
}

function bar(done: number, all: number): string {
  const filled = all > 0 ? Math.floor((done * BAR) / all) : 0;
  return '█'.repeat(filled) + '░'.repeat(BAR - filled);
}
