import type { EntryOf, HistoryEntry } from './entries.js';
import { type Call, type Run, type Settlement, type Sight, type Submit, TaskHistory } from './task-history.js';

type Opening = EntryOf<'submit.invoke' | 'cancel.invoke' | 'wait.invoke' | 'read.invoke'>;
type Ending = EntryOf<
  | 'submit.ok'
  | 'submit.fail'
  | 'submit.info'
  | 'cancel.ok'
  | 'cancel.info'
  | 'wait.ok'
  | 'wait.fail'
  | 'read.ok'
  | 'read.fail'
>;
type Settling = EntryOf<'finish.invoke' | 'retry.invoke' | 'release.invoke'>;
type Settled = EntryOf<'finish.ok' | 'retry.ok' | 'release.ok' | 'finish.info' | 'retry.info' | 'release.info'>;

/** Sorts what happened by task. One pass over the entries, which come in the order of time. */
export function byTask(entries: readonly HistoryEntry[]): Map<string, TaskHistory> {
  const sorter = new TaskSorter();
  for (const entry of entries) sorter.take(entry);
  return sorter.tasks;
}

class TaskSorter {
  readonly tasks = new Map<string, TaskHistory>();
  readonly #calls = new Map<string, Submit | Sight | Call>();
  readonly #settling = new Map<string, Settlement>();
  readonly #running = new Map<string, Run>();

  take(entry: HistoryEntry): void {
    switch (entry.event) {
      case 'submit.invoke':
      case 'cancel.invoke':
      case 'wait.invoke':
      case 'read.invoke':
        this.#opens(entry);
        break;
      case 'submit.ok':
      case 'submit.fail':
      case 'submit.info':
      case 'cancel.ok':
      case 'cancel.info':
      case 'wait.ok':
      case 'wait.fail':
      case 'read.ok':
      case 'read.fail':
        this.#ends(entry);
        break;
      case 'claim':
        this.#claims(entry);
        break;
      case 'run.start':
        this.#runs(entry);
        break;
      case 'run.end': {
        const run = this.#running.get(entry.nonce);
        if (run) run.to = entry.at;
        break;
      }
      case 'finish.invoke':
      case 'retry.invoke':
      case 'release.invoke':
        this.#settles(entry);
        break;
      case 'finish.ok':
      case 'retry.ok':
      case 'release.ok':
      case 'finish.info':
      case 'retry.info':
      case 'release.info':
        this.#hasSettled(entry);
        break;
    }
  }

  #task(id: string): TaskHistory {
    const known = this.tasks.get(id) ?? new TaskHistory(id);
    this.tasks.set(id, known);
    return known;
  }

  #opens(entry: Opening): void {
    const { actor, at, id } = entry;
    const call: Call = { actor, from: at, to: Number.POSITIVE_INFINITY, end: 'info' };
    const task = this.#task(id);
    if (entry.event === 'submit.invoke') {
      const { kind, delay, priority, wall } = entry;
      const submit: Submit = Object.assign(call, { kind, delay, priority, wall, known: false });
      task.submits.push(submit);
    } else if (entry.event === 'cancel.invoke') {
      task.cancels.push(call);
    } else {
      task.sights.push(Object.assign(call, { waited: entry.event === 'wait.invoke', seen: null, code: null }));
    }
    this.#calls.set(`${actor} ${entry.call}`, call);
  }

  #ends(entry: Ending): void {
    const call = this.#calls.get(`${entry.actor} ${entry.call}`);
    if (!call) return;
    Object.assign(call, { to: entry.at, end: entry.event.split('.')[1] });
    if ('known' in entry) Object.assign(call, { known: entry.known });
    if ('seen' in entry) Object.assign(call, { seen: entry.seen });
    if ('code' in entry) Object.assign(call, { code: entry.code });
  }

  #claims({ claims, actor, since, at }: EntryOf<'claim'>): void {
    for (const claimed of claims) this.#task(claimed.id).deliveries.push({ ...claimed, actor, from: since, to: at });
  }

  #runs({ id, fence, attempt, nonce, wall, actor, at }: EntryOf<'run.start'>): void {
    const run: Run = { id, fence, attempt, nonce, wall, actor, from: at, to: Number.POSITIVE_INFINITY };
    this.#task(id).runs.push(run);
    this.#running.set(nonce, run);
  }

  #settles(entry: Settling): void {
    const { actor, at, id, fence } = entry;
    const one: Settlement = {
      actor,
      from: at,
      to: Number.POSITIVE_INFINITY,
      end: 'info',
      fence,
      what: entry.event.split('.')[0] as Settlement['what'],
      reason: entry.event === 'release.invoke' ? entry.reason : null,
      accepted: false,
    };
    this.#task(id).settlements.push(one);
    this.#settling.set(`${actor} ${id} ${fence} ${one.what}`, one);
  }

  #hasSettled(entry: Settled): void {
    const [what, end] = entry.event.split('.');
    const one = this.#settling.get(`${entry.actor} ${entry.id} ${entry.fence} ${what}`);
    if (one) Object.assign(one, { to: entry.at, end, accepted: 'accepted' in entry && entry.accepted });
  }
}
