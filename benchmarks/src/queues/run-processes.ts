import { Child, measureApart } from '../measuring/child.js';
import type { Scenario } from './producer.js';
import type { QueueSystemName } from './systems.js';

/** Lets a process of its own enqueue `warmUp` and then `count` jobs. @returns the scenario's figure */
export function produce(
  system: QueueSystemName,
  url: string,
  scenario: Scenario,
  { warmUp, count }: { warmUp: number; count: number },
): Promise<number> {
  return measureApart(new URL('producer.js', import.meta.url), [system, url, scenario, warmUp, count]);
}

/** Worker processes of one system, and what they have run so far. */
export class Workers {
  readonly #children: readonly Child[];
  #runs = 0;
  #waiting: { runs: number; resolve: () => void } | null = null;

  private constructor(children: readonly Child[]) {
    this.#children = children;
    for (const child of children)
      child.onMessage(({ runs = 0 }: { runs?: number }) => {
        this.#runs += runs;
        if (this.#waiting && this.#runs >= this.#waiting.runs) this.#waiting.resolve();
      });
  }

  static async start(
    system: QueueSystemName,
    url: string,
    { processes, concurrency }: { processes: number; concurrency: number },
  ): Promise<Workers> {
    const script = new URL('worker.js', import.meta.url);
    const children = Array.from({ length: processes }, () => Child.start(script, [system, url, concurrency]));
    const workers = new Workers(children);
    await Promise.all(children.map((child) => child.hear((message) => 'ready' in message)));
    return workers;
  }

  /** Resolves once so many jobs have run. */
  async ran(runs: number): Promise<void> {
    if (this.#runs >= runs) return;
    await new Promise<void>((resolve) => (this.#waiting = { runs, resolve }));
    this.#waiting = null;
  }

  /** Ends them, once what they run is done. @throws when not each job of 0…count−1 ran once */
  async stop(count: number): Promise<void> {
    const runs = new Uint16Array(count);
    for (const child of this.#children) {
      const heard = child.hear<{ all: [number: number, times: number][] }>((message) => 'all' in message);
      child.tell({ stop: true });
      for (const [number, times] of (await heard).all) runs[number] = (runs[number] ?? 0) + times;
      await child.ended();
    }
    const wrong = runs.findIndex((times) => times !== 1);
    if (wrong >= 0) throw new Error(`Job ${wrong} of ${count} ran ${runs[wrong]} times.`);
  }
}
