import type { Acknowledgement, ExtendReply, Instant, Lease, ReleaseReason, TaskErrorInfo } from '@flowrra/core';
import { Batcher } from './batcher.js';
import { DeadLetterTable, LaneTable } from './key-tables.js';
import { instantArgument } from './message-pusher.js';
import type { Argument } from './redis-link.js';
import type { RedisPlace } from './redis-place.js';
import { SCRIPTS } from './redis-scripts.js';

interface Release {
  readonly lease: Lease;
  readonly runAt: Instant | null;
  /** `unheard`: the reply of its claim was lost, so it was never seen. */
  readonly reason: ReleaseReason | 'unheard';
  readonly error: TaskErrorInfo | null;
}

interface Extension {
  readonly lease: Lease;
  readonly leaseMs: number | null;
  readonly progressJson: string | null;
}

const EXTEND_REPLIES: readonly ExtendReply[] = ['lost', 'held', 'cancel'];

/** What a worker does with messages that it has claimed: hold them, give them back or end them. */
export class LeaseHolder {
  readonly #place: RedisPlace;
  readonly #dedupeWindow: number;
  readonly #releases: Batcher<Release, boolean>;
  readonly #extensions: Batcher<Extension, ExtendReply>;
  readonly #acknowledgements: Batcher<Acknowledgement, boolean>;

  constructor(place: RedisPlace, dedupeWindow: number) {
    this.#place = place;
    this.#dedupeWindow = dedupeWindow;
    const none = (): number => 0;
    this.#releases = new Batcher({
      send: (items) => this.#release(items),
      bytesOf: ({ error }) => (error ? error.message.length : 0),
    });
    this.#extensions = new Batcher({
      send: (items) => this.#extend(items),
      bytesOf: ({ progressJson }) => progressJson?.length ?? 0,
    });
    this.#acknowledgements = new Batcher({ send: (items) => this.#ack(items), bytesOf: none });
  }

  extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    return Promise.all(leases.map((lease) => this.#extensions.add({ lease, leaseMs, progressJson: null })));
  }

  async reportProgress(lease: Lease, progressJson: string): Promise<boolean> {
    return (await this.#extensions.add({ lease, leaseMs: null, progressJson })) !== 'lost';
  }

  ack(acknowledgements: readonly Acknowledgement[]): Promise<boolean[]> {
    return Promise.all(acknowledgements.map((acknowledgement) => this.#acknowledgements.add(acknowledgement)));
  }

  release(lease: Lease, options: Pick<Release, 'runAt' | 'reason'> & { error?: TaskErrorInfo }): Promise<boolean> {
    return this.#releases.add({ lease, error: null, ...options });
  }

  async #extend(items: readonly Extension[]): Promise<ExtendReply[]> {
    const args: Argument[] = [this.#place.now];
    for (const { lease, leaseMs, progressJson } of items)
      args.push(lease.id, lease.fence, leaseMs ?? '', progressJson ?? '');
    const codes = (await this.#place.run(SCRIPTS.extend, [this.#place.keys.active], args, {
      repeat: true,
    })) as number[];
    return codes.map((code) => EXTEND_REPLIES[code] ?? 'lost');
  }

  async #ack(items: readonly Acknowledgement[]): Promise<boolean[]> {
    const { keys, now } = this.#place;
    const fixed = [keys.tasks, keys.active, keys.held, keys.finished, keys.ended, keys.buried];
    const table = new DeadLetterTable(this.#place, fixed);
    const args: Argument[] = [now, this.#dedupeWindow];
    for (const { lease, deadLetter } of items) args.push(lease.id, lease.fence, ...table.of(lease.queue, deadLetter));
    const codes = (await this.#place.run(SCRIPTS.ack, table.keys, args, { repeat: true })) as number[];
    return codes.map((code) => code === 1);
  }

  async #release(items: readonly Release[]): Promise<boolean[]> {
    const { keys, now } = this.#place;
    const fixed = [keys.tasks, keys.active, keys.held, keys.sequence, keys.status('retrying')];
    const lanes = new LaneTable(this.#place, fixed);
    const args: Argument[] = [now, keys.wakeChannel];
    for (const { lease, runAt, reason, error } of items) {
      args.push(
        lease.id,
        lease.fence,
        lanes.firstKey(lease.queue, lease.lane),
        reason,
        instantArgument(runAt),
        error ? JSON.stringify(error) : '',
      );
    }
    const codes = (await this.#place.run(SCRIPTS.release, lanes.keys, args, { repeat: true })) as number[];
    return codes.map((code) => code === 1);
  }
}
