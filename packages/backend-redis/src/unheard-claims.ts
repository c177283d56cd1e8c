import { randomUUID } from 'node:crypto';
import { type Lane, type Lease, systemClock } from '@flowrra/core';
import { REPLY_TIMEOUT } from './redis-link.js';
import type { RedisPlace } from './redis-place.js';
import { SCRIPTS } from './redis-scripts.js';

/** Leases that one call looks at. */
const CHUNK = 200;
/** Values per lease in the reply of scripts/find-claims.lua. */
const FIELDS = 6;

/** A call of the claim script on its way. */
export interface ClaimCall {
  /** Stands in the leases that the call hands out; no other call has it. */
  readonly token: string;
  readonly sentAt: number;
  /** On the server's clock; null when that is not known yet. Later the call hands nothing out. */
  readonly validUntil: number | null;
}

interface LostCall extends ClaimCall {
  /** When to look for its leases; by `performance.now()`, which nobody sets back. */
  lookAt: number;
}

interface FoundLease extends Lease {
  readonly token: string;
  /** In the reply that was lost. */
  readonly number: number;
}

/**
 * Claims of this process whose replies were lost. Carried out or not, nobody runs what they took: this finds it by the
 * token in its leases, and puts it back where it was. A call may be carried out after the first look, by bytes that
 * stayed on the way; so each is valid for as long as somebody may wait for its reply, and a look after that is the last.
 */
export class UnheardClaims {
  readonly #place: RedisPlace;
  readonly #putBack: (lease: Lease) => Promise<boolean>;
  readonly #tokens = randomUUID().slice(0, 8);
  #calls = 0;
  /** The server's clock minus this machine's. */
  #serverAhead: number | null = null;
  #lost: LostCall[] = [];
  #looking: Promise<void> | null = null;

  constructor(place: RedisPlace, putBack: (lease: Lease) => Promise<boolean>) {
    this.#place = place;
    this.#putBack = putBack;
  }

  /** For a call that is about to be sent. */
  begin(): ClaimCall {
    const sentAt = systemClock.now();
    const validFor = this.#place.connection.deadline + REPLY_TIMEOUT;
    const validUntil = this.#serverAhead === null ? null : sentAt + this.#serverAhead + validFor;
    return { token: `${this.#tokens}${(this.#calls++).toString(36)}`, sentAt, validUntil };
  }

  /** The call was answered. `serverNow`: when it was carried out, on the server's clock. */
  heard(call: ClaimCall, serverNow: number): void {
    // Of a test's own clock a call that is under way would learn nothing.
    if (!this.#place.clock) this.#serverAhead = serverNow - call.sentAt;
  }

  lost(call: ClaimCall): void {
    this.#lost.push({ ...call, lookAt: 0 });
  }

  /** A call has taken something after all: if it counts as lost, it is time to look. */
  hasTaken(token: string): void {
    for (const call of this.#lost) if (call.token === token) call.lookAt = 0;
  }

  /** Puts back what lost calls took, as far as it is time to look. In the normal case there are none. */
  async putBack(): Promise<void> {
    while (this.#due().length > 0) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = null;
      });
      await this.#looking;
    }
  }

  #due(): LostCall[] {
    const now = performance.now();
    return this.#lost.filter(({ lookAt }) => lookAt <= now);
  }

  async #look(): Promise<void> {
    const calls = this.#due();
    const { lookedAt, leases } = await this.#find(calls.map(({ token }) => token));
    // What goes to the front last is the first there.
    const age = new Map(calls.map(({ token }, i) => [token, i]));
    const ageOf = ({ token }: FoundLease): number => age.get(token) ?? 0;
    leases.sort((a, b) => ageOf(b) - ageOf(a) || b.number - a.number);
    const back = await Promise.all(leases.map((lease) => this.#putBack(lease)));
    const tasks = back.filter(Boolean).length;
    if (tasks > 0)
      this.#place.connection.logger.warn({ tasks }, 'the reply of a claim was lost: its tasks are back in their queue');
    for (const call of calls) call.lookAt = performance.now() + Math.max(0, (call.validUntil ?? 0) - lookedAt) + 1;
    this.#lost = this.#lost.filter((call) => !calls.includes(call) || (call.validUntil ?? 0) >= lookedAt);
  }

  /** `lookedAt`: when it began, on the server's clock. */
  async #find(tokens: readonly string[]): Promise<{ lookedAt: number; leases: FoundLease[] }> {
    const { keys, now } = this.#place;
    const leases: FoundLease[] = [];
    let lookedAt: number | null = null;
    let cursor = '0';
    do {
      const [at, next, ...found] = (await this.#place.run(
        SCRIPTS.findClaims,
        [keys.active],
        [now, cursor, CHUNK, ...tokens],
        { repeat: true },
      )) as [number, ...Buffer[]];
      lookedAt ??= at;
      for (let i = 0; i + FIELDS <= found.length; i += FIELDS) {
        const [id = '', fence, queue = '', lane, token = '', number] = found.slice(i, i + FIELDS).map(String);
        // Lanes in leases are those of claims.
        leases.push({ id, fence: Number(fence), queue, lane: lane as Lane, token, number: Number(number) });
      }
      cursor = String(next);
    } while (cursor !== '0');
    return { lookedAt, leases };
  }
}
