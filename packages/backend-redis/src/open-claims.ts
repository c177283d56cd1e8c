import { randomUUID } from 'node:crypto';
import { type Claim, type OpenClaim, ShortLivedMap, systemClock } from '@flowrra/core';
import type { RedisPlace } from './redis-place.js';
import type { Subscription } from './redis-subscriber.js';
import type { ClaimCall, UnheardClaims } from './unheard-claims.js';

const NEWLINE = 0x0a;
/** Milliseconds for which an answer may be under way when its call was not there to be taken back. */
const ANSWER_TIME = 1_000;
/** Milliseconds for which the server keeps the open claims of a lane after the last one came: as in scripts/claim.lua. */
const KEPT_FOR = 5_000;

/** What is to be known of claims that may stay open. */
export interface OpenClaimOptions {
  /** The hash of their lane's open claims. */
  readonly key: string;
  /** What is kept there: see scripts/includes/open.lua. */
  textOf(call: ClaimCall, count: number, channel: string): string;
  /** Makes a claim of a message that was handed out. `startedAt`: when it was, on the server's clock. */
  read(id: string, fence: number, record: Buffer, startedAt: number): Claim;
}

/** The open claims of one process, and the channel of their answers. */
export class OpenClaims {
  readonly channel: string;
  /** Calls that may be answered, by token. */
  readonly #calls = new ShortLivedMap<string, RedisOpenClaim>();
  readonly #endGaps: () => void;
  #subscription: Subscription | null = null;

  /** @param putBack puts back what lost calls took */
  constructor(
    readonly place: RedisPlace,
    readonly unheard: UnheardClaims,
    readonly putBack: () => Promise<void>,
  ) {
    this.channel = `${place.keys.answerChannels}${randomUUID()}`;
    const begins = (): void => {
      for (const claim of this.#calls.values()) claim.mayMiss();
    };
    this.#endGaps = place.connection.subscriber.onGap({ begins, ends: () => {} });
  }

  /** For a call that is about to be sent: its answer may come before its reply. Null while no answer would be heard. */
  prepare(call: ClaimCall, options: OpenClaimOptions): RedisOpenClaim | null {
    this.#listen();
    // A call without end might bring something when it counts as lost. A test's clock is not that of this machine.
    const hasEnd = call.validUntil !== null || this.place.clock !== undefined;
    return hasEnd && this.isHeard ? new RedisOpenClaim(this, options, call) : null;
  }

  /** Whether answers arrive now. */
  get isHeard(): boolean {
    return this.place.connection.subscriber.hears(this.channel);
  }

  expect(call: ClaimCall, claim: RedisOpenClaim): void {
    this.#calls.set(call.token, claim);
  }

  forget(call: ClaimCall): void {
    this.#calls.delete(call.token);
  }

  /** Nothing is heard any more. */
  close(): void {
    this.#endGaps();
    this.#subscription?.end();
    for (const claim of this.#calls.values()) claim.end();
  }

  #listen(): void {
    if (this.#subscription) return;
    const { subscriber } = this.place.connection;
    const subscription = subscriber.subscribe(this.channel, (answer) => this.#hear(answer));
    this.#subscription = subscription;
    // The channel is tried again by the next claim.
    subscription.active.catch(() => {
      subscription.end();
      this.#subscription = null;
    });
  }

  /** See `answer` in scripts/includes/open.lua. */
  #hear(answer: Buffer): void {
    let end = answer.indexOf(NEWLINE);
    const [token = '', startedAt] = answer.toString('utf8', 0, end).split('|');
    const claim = this.#calls.get(token);
    if (!claim) {
      this.unheard.hasTaken(token);
      void this.putBack();
      return;
    }
    const claims: Claim[] = [];
    for (let from = end + 1; from < answer.length; ) {
      end = answer.indexOf(NEWLINE, from);
      const [id = '', fence, bytes] = answer.toString('utf8', from, end).split('|');
      from = end + 1 + Number(bytes);
      claims.push(claim.options.read(id, Number(fence), answer.subarray(end + 1, from), Number(startedAt)));
    }
    claim.answered(claims);
  }
}

/**
 * A claim that stays open: one call after the other, each of which a push may answer once. While an answer may be missed
 * its call counts as lost, so that what it took is put back.
 */
export class RedisOpenClaim implements OpenClaim {
  readonly #all: OpenClaims;
  /** The call that may be answered; null between an answer and the next call. */
  #call: ClaimCall | null = null;
  /** Came before anybody heard it. */
  #early: readonly Claim[] = [];
  #take: ((claims: readonly Claim[]) => void) | null = null;
  #freeSlots: () => number = () => 0;
  /** Whether its first call was answered by its reply: it found nothing and stays open. Until then it may have found something. */
  #isOpen = false;
  /** An answer may have been missed before that. */
  #mayHaveMissed = false;
  #isClosed = false;
  #isOver = false;
  #resolve: () => void = () => {};

  constructor(
    all: OpenClaims,
    readonly options: OpenClaimOptions,
    call: ClaimCall,
  ) {
    this.#all = all;
    this.#expect(call);
  }

  opened(): void {
    this.#isOpen = true;
    if (this.#mayHaveMissed) this.mayMiss();
  }

  hear(take: (claims: readonly Claim[]) => void, freeSlots: () => number): Promise<void> {
    this.#take = take;
    this.#freeSlots = freeSlots;
    if (this.#early.length > 0) this.#pass(take, this.#early);
    return this.#isOver ? Promise.resolve() : new Promise((resolve) => (this.#resolve = resolve));
  }

  answered(claims: readonly Claim[]): void {
    this.#forget();
    if (this.#take) this.#pass(this.#take, claims);
    else this.#early = claims;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#call) void this.#takeBack(this.#call, ANSWER_TIME);
  }

  /** An answer may be missed from now on: unless the call can be taken back, it counts as lost. */
  mayMiss(): void {
    if (!this.#isOpen) this.#mayHaveMissed = true;
    else if (this.#call) void this.#takeBack(this.#call, 0);
  }

  async #lose(): Promise<void> {
    if (!this.#call) return;
    this.#all.unheard.lost(this.#call);
    this.#forget();
    // Who stops will not claim again.
    if (this.#isClosed) await this.#all.putBack();
    this.end();
  }

  end(): void {
    this.#isOver = true;
    this.#forget();
    this.#resolve();
  }

  #expect(call: ClaimCall): void {
    this.#call = call;
    this.#all.expect(call, this);
  }

  #forget(): void {
    if (this.#call) this.#all.forget(this.#call);
    this.#call = null;
  }

  /** The next call follows the ends of what ends at once: somebody waits for those. */
  #pass(take: (claims: readonly Claim[]) => void, claims: readonly Claim[]): void {
    take(claims);
    setImmediate(() => setImmediate(() => this.#callAgain()));
  }

  #callAgain(): void {
    const count = this.#isClosed || this.#isOver || !this.#all.isHeard ? 0 : this.#freeSlots();
    if (count > 0) this.#callFor(count).catch(() => this.#lose());
    else this.end();
  }

  async #callFor(count: number): Promise<void> {
    const call = this.#all.unheard.begin();
    this.#expect(call);
    const { connection } = this.#all.place;
    const { key, textOf } = this.options;
    await Promise.all([
      connection.send('hset', [key, call.token, textOf(call, count, this.#all.channel)]),
      connection.send('pexpire', [key, KEPT_FOR]),
    ]);
  }

  /** @param answerTime milliseconds for which an answer may be under way when the call is not there any more */
  async #takeBack(call: ClaimCall, answerTime: number): Promise<void> {
    const taken = await this.#all.place.connection.send('hdel', [this.options.key, call.token]).catch(() => null);
    if (this.#call !== call) return;
    if (taken === 1) return this.end();
    // It was answered, or the server lost it, or it cannot be reached.
    const late = (): void => {
      if (this.#call === call) void this.#lose();
    };
    if (taken === null || answerTime === 0) late();
    else systemClock.after(answerTime, late, { keepAlive: false });
  }
}
