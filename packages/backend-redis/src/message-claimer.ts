import {
  type Claim,
  type ClaimReply,
  type ClaimRequest,
  type Lease,
  StoreUnavailableError,
  type Verdict,
} from '@flowrra/core';
import { MAX_BATCH_BYTES, MAX_BATCH_ENTRIES } from './batcher.js';
import type { LeaseHolder } from './lease-holder.js';
import { OpenClaims } from './open-claims.js';
import { ReplyLostError } from './redis-errors.js';
import type { Argument } from './redis-link.js';
import type { RedisPlace } from './redis-place.js';
import { encodeField, type MessageRecord, parseRecord } from './redis-records.js';
import { SCRIPTS } from './redis-scripts.js';
import { type ClaimCall, UnheardClaims } from './unheard-claims.js';

/** A lease, and what the record of the end will say; names as fields of a record: see `encodeField`. */
export interface RedisLease extends Lease {
  readonly remembered: boolean;
  /** The process that submitted the message; empty when that is unknown. */
  readonly origin: string;
  readonly worker: string;
  /** When this process heard of it, by `performance.now()`. */
  readonly heardAt: number;
}

/** Calls the claim script, alone or along with something else. */
export type SendClaim = (keys: readonly string[], args: readonly Argument[]) => Promise<unknown>;

/** See the head of scripts/claim.lua. */
type ClaimScriptReply = [now: number, nextDueIn: number, lastChance: number, rest: number, ...claims: unknown[]];
/** What its fourth value may be. */
const HAS_MORE = 1;
const STAYS_OPEN = 2;
/** Values per claim in it. */
const CLAIM_FIELDS = 3;

/** Claims messages, in the reply of a call or while it stays open; what nobody heard of goes back. */
export class MessageClaimer {
  readonly #place: RedisPlace;
  readonly #unheard: UnheardClaims;
  readonly #open: OpenClaims;
  /** Sends a claim by itself. */
  readonly sendClaim: SendClaim = (keys, args) => this.#place.run(SCRIPTS.claim, keys, args);

  constructor(place: RedisPlace, holder: LeaseHolder) {
    this.#place = place;
    this.#unheard = new UnheardClaims(place, (lease) => holder.release(lease, { runAt: null, reason: 'unheard' }));
    this.#open = new OpenClaims(place, this.#unheard, () => this.putBackUnheard().catch(() => {}));
  }

  /** Claims that stay open are over. */
  close(): void {
    this.#open.close();
  }

  /** @param send how the claim is sent, if not by itself */
  async claim(request: ClaimRequest, send: SendClaim = this.sendClaim): Promise<ClaimReply> {
    const { hasMore, ...reply } = await this.#claimPart(request, send).catch(async (err: unknown) => {
      // Who stops now will not claim again.
      await this.putBackUnheard().catch(() => {});
      throw err;
    });
    return hasMore ? this.#claimMore(request, reply) : reply;
  }

  /** Claims, from the second part on. What came before is held already, whatever becomes of the rest. */
  async #claimMore(request: ClaimRequest, reply: ClaimReply): Promise<ClaimReply> {
    const count = request.count - reply.claims.length;
    try {
      const { hasMore, ...next } = await this.#claimPart(
        { ...request, alone: false, mayStayOpen: false, count },
        this.sendClaim,
      );
      const both = { ...next, claims: [...reply.claims, ...next.claims] };
      return hasMore ? await this.#claimMore(request, both) : both;
    } catch (err) {
      this.#place.connection.logger.debug({ err }, 'a claim was carried out by half');
      return reply;
    }
  }

  /**
   * Puts back what claims took whose replies were lost; what fails is tried again at the next call.
   * @throws StoreUnavailableError, as what the caller is about to do would
   */
  async putBackUnheard(): Promise<void> {
    try {
      await this.#unheard.putBack();
    } catch (err) {
      this.#place.connection.logger.debug({ err }, 'looking for what lost claims took failed');
      if (err instanceof StoreUnavailableError) throw err;
    }
  }

  /** Not repeated when its reply is lost: what it took is put back, for whoever claims next. */
  async #claimPart(
    { queue, lane, count, worker, leaseMs, alone, mayStayOpen = false }: ClaimRequest,
    send: SendClaim,
  ): Promise<ClaimReply & { hasMore: boolean }> {
    const { keys, now } = this.#place;
    const fixed = [keys.tasks, keys.active, keys.held, keys.paused, keys.status('pending'), keys.status('retrying')];
    const call = this.#unheard.begin();
    const workerField = encodeField(worker);
    const read = (id: string, fence: number, record: Buffer, startedAt: number): Claim =>
      toClaim({ id, queue, lane, fence, worker: workerField, heardAt: performance.now() }, record, startedAt);
    const textOf = ({ validUntil }: ClaimCall, most: number, channel: string): string =>
      [Math.min(most, MAX_BATCH_ENTRIES), workerField, leaseMs, MAX_BATCH_BYTES, validUntil ?? '', channel].join('|');
    const open = mayStayOpen ? this.#open.prepare(call, { key: keys.openClaims(queue, lane), textOf, read }) : null;
    const args = [now, queue, lane, call.token, textOf(call, count, open ? this.#open.channel : ''), alone ? 1 : 0];
    const reply = send([...fixed, ...keys.lane(queue, lane)], args);
    const [at, nextDueIn, lastChance, rest, ...claimed] = (await reply.catch((err: unknown) => {
      if (err instanceof ReplyLostError) this.#unheard.lost(call);
      open?.end();
      throw err;
    })) as ClaimScriptReply;
    this.#unheard.heard(call, at);
    const claims: Claim[] = [];
    for (let i = 0; i < claimed.length; i += CLAIM_FIELDS) {
      const [id, fence, record] = claimed.slice(i, i + CLAIM_FIELDS) as [Buffer, number, Buffer];
      claims.push(read(id.toString(), fence, record, at));
    }
    const found = {
      claims,
      nextDueIn: nextDueIn < 0 ? null : nextDueIn,
      lastChanceWaiting: lastChance === 1,
      hasMore: rest === HAS_MORE,
    };
    if (open && rest === STAYS_OPEN) {
      open.opened();
      return { ...found, open };
    }
    open?.end();
    return found;
  }
}

function toClaim(held: Omit<RedisLease, 'remembered' | 'origin'>, bytes: Buffer, startedAt: number): Claim {
  const { id, queue, lane, fence, worker, heardAt } = held;
  const record = parseRecord(bytes);
  if (record?.kind !== 'message') {
    const lease: RedisLease = { id, queue, lane, fence, remembered: false, origin: '', worker, heardAt };
    return {
      lease,
      verdict: 'unreadable',
      payload: bytes.toString(),
      attempt: 1,
      crashes: 0,
      submittedAt: startedAt,
      startedAt,
      deferredSince: null,
    };
  }
  const { attempt, crashes, submittedAt, remembered, origin, payload } = record;
  const lease: RedisLease = { id, queue, lane, fence, remembered, origin, worker, heardAt };
  return {
    lease,
    verdict: judge(record, startedAt),
    payload,
    attempt,
    crashes,
    submittedAt,
    startedAt,
    deferredSince: record.deferredSince || null,
  };
}

function judge(record: MessageRecord, now: number): Verdict {
  if (record.cancelled) return 'cancelled';
  if (record.exhausted) return 'exhausted';
  return record.expiresAt !== 0 && record.expiresAt <= now ? 'expired' : 'run';
}
