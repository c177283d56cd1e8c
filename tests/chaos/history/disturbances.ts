import type { HistoryEntry } from './entries.js';

/** When something went wrong, and for whom. */
export class Disturbances {
  /** Of everybody. */
  readonly #all = new Intervals();
  /** By the name of an actor, or of its post. */
  readonly #own = new Map<string, Intervals>();

  constructor(entries: readonly HistoryEntry[]) {
    const open = new Map<number, { from: number; actors: readonly string[] | null }>();
    for (const entry of entries) {
      const { at } = entry;
      if (entry.event === 'fault.begin') {
        open.set(entry.fault, { from: at, actors: entry.actors });
      } else if (entry.event === 'fault.end') {
        const begun = open.get(entry.fault);
        open.delete(entry.fault);
        if (begun) this.#add(begun.actors, begun.from, at);
      } else if (entry.event === 'stall') {
        // The harness carries all links: when it stands still, everybody does.
        this.#add(entry.actor === 'main' ? null : [entry.actor], at - entry.ms, at);
      } else if (entry.event === 'down') {
        this.#add([entry.actor], at, Number.POSITIVE_INFINITY);
      }
    }
    for (const { from, actors } of open.values()) this.#add(actors, from, Number.POSITIVE_INFINITY);
  }

  /** Whether anything was wrong for one of these actors, or for all, at some time from `from` to `to`. */
  touch(actors: readonly string[], from: number, to: number): boolean {
    return this.#of(actors).some((intervals) => intervals.latestEnd(to) >= from);
  }

  /** The latest time at which a call of the actor must have ended, that had nothing to wait for since `from`. */
  deadline(actor: string, from: number, patience: number): number {
    const intervals = this.#of([actor]);
    for (let deadline = from + patience; ; ) {
      const healed = Math.max(...intervals.map((own) => own.latestEnd(deadline)));
      if (healed + patience <= deadline) return deadline;
      deadline = healed + patience;
      if (deadline === Number.POSITIVE_INFINITY) return deadline;
    }
  }

  #of(actors: readonly string[]): Intervals[] {
    const names = new Set(actors.flatMap((actor) => [actor, postOf(actor)]));
    return [this.#all, ...[...names].flatMap((name) => this.#own.get(name) ?? [])];
  }

  #add(actors: readonly string[] | null, from: number, to: number): void {
    if (actors === null) this.#all.add(from, to);
    for (const actor of actors ?? []) {
      const own = this.#own.get(actor) ?? new Intervals();
      this.#own.set(actor, own);
      own.add(from, to);
    }
  }
}

/** `worker-1.2` is the second one at the post `worker-1`. */
function postOf(actor: string): string {
  return actor.replace(/\.\d+$/, '');
}

/** Intervals that are asked for often, once all of them are there. */
class Intervals {
  #intervals: { readonly from: number; latestEnd: number }[] = [];
  #sorted = true;

  add(from: number, to: number): void {
    this.#intervals.push({ from, latestEnd: to });
    this.#sorted = false;
  }

  /** When the last of those ended that had begun by `time`. */
  latestEnd(time: number): number {
    this.#sort();
    let [low, high] = [0, this.#intervals.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#intervals[middle]?.from ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    return this.#intervals[low - 1]?.latestEnd ?? Number.NEGATIVE_INFINITY;
  }

  /** In the order of their beginnings, each with the latest end up to it. */
  #sort(): void {
    if (this.#sorted) return;
    this.#sorted = true;
    this.#intervals.sort((a, b) => a.from - b.from);
    let latest = Number.NEGATIVE_INFINITY;
    for (const interval of this.#intervals) {
      latest = Math.max(latest, interval.latestEnd);
      interval.latestEnd = latest;
    }
  }
}
