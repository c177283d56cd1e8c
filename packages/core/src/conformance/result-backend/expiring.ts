import assert from 'node:assert/strict';
import { rejection } from '../expectations.js';
import { finished, SUBMITTED, unfinished } from '../sample-results.js';
import type { ResultBackendPromise } from './describe-result-backend.js';

const TTL = 2_000;
const settings = { ttl: TTL };

export function expiring(promise: ResultBackendPromise): void {
  promise(
    'keeps a task that has not ended, however long it takes (RB-06)',
    { needs: ['ttl', 'advance'], settings },
    async ({ backend, advance }) => {
      for (const status of ['pending', 'running', 'retrying'] as const)
        await backend.store(status, unfinished(status, status));
      await advance(2 * TTL);
      for (const status of ['pending', 'running', 'retrying'] as const) {
        assert.deepEqual(await backend.get(status), unfinished(status, status));
      }
    },
  );

  promise(
    'counts the time to live from the final status, whichever it is (RB-06)',
    { needs: ['ttl', 'advance'], settings },
    async ({ backend, advance }) => {
      const ends = ['success', 'failed', 'cancelled'] as const;
      for (const id of ends) await backend.store(id, unfinished(id, 'running'));
      await advance(5 * TTL);
      for (const id of ends) await backend.store(id, finished(id, id));
      await advance(TTL - 1);
      for (const id of ends) assert.deepEqual(await backend.get(id), finished(id, id));
      await advance(1);
      for (const id of ends) assert.equal(await backend.get(id), null);
    },
  );

  promise(
    'counts it from the final status that stands, whatever was refused after it (RB-06)',
    { needs: ['ttl', 'advance'], settings },
    async ({ backend, advance }) => {
      await backend.store('task', finished('task'));
      await advance(TTL - 1);
      for (const late of [finished('task', 'failed', { fence: 2 }), unfinished('task', 'running', { fence: 2 })])
        assert.equal(await backend.store('task', late), false);
      await advance(1);
      assert.equal(await backend.get('task'), null);
    },
  );

  promise(
    'keeps a task whose id is used again, however soon the result before it would have expired (RB-06)',
    { needs: ['ttl', 'advance'], settings },
    async ({ backend, advance }) => {
      const again = { submittedAt: SUBMITTED + 1 };
      await backend.store('task', finished('task'));
      await advance(TTL - 1);
      await backend.store('task', unfinished('task', 'pending', again));
      await advance(TTL);
      assert.deepEqual(await backend.get('task'), unfinished('task', 'pending', again));
      await backend.store('task', finished('task', 'success', again));
      await advance(TTL - 1);
      assert.deepEqual(await backend.get('task'), finished('task', 'success', again));
      await advance(1);
      assert.equal(await backend.get('task'), null);
    },
  );

  promise(
    'keeps a result for its own time, not for that of a deleted one before it',
    { needs: ['ttl', 'advance', 'delete'], settings },
    async ({ backend, advance }) => {
      await backend.store('task', finished('task'));
      await advance(TTL - 1);
      await backend.delete('task');
      await backend.store('task', finished('task', 'failed'));
      await advance(TTL - 1);
      assert.deepEqual(await backend.get('task'), finished('task', 'failed'));
      await advance(1);
      assert.equal(await backend.get('task'), null);
    },
  );

  promise(
    'takes any result of an id whose result has expired',
    { needs: ['ttl', 'advance'], settings },
    async ({ backend, advance }) => {
      await backend.store('task', finished('task', 'failed', { fence: 9 }));
      await advance(TTL);
      assert.equal(await backend.store('task', unfinished('task', 'pending')), true);
      await advance(TTL);
      assert.deepEqual(await backend.get('task'), unfinished('task', 'pending'));
    },
  );

  promise(
    'waits for an id whose result has expired as for an unseen one',
    { needs: ['ttl', 'advance'], settings },
    async ({ backend, advance }) => {
      await backend.store('task', finished('task'));
      await advance(TTL);
      const failure = rejection(backend.waitFor('task', { timeout: 50 }), 'WAIT_TIMEOUT');
      await advance(60);
      await failure;
    },
  );

  promise(
    'lists no expired result, and no shorter page for it (RB-06)',
    { needs: ['ttl', 'advance', 'listByStatus'], settings },
    async ({ backend, advance }) => {
      const store = (id: string, time: number) =>
        backend.store(id, finished(id, 'success', { submittedAt: SUBMITTED + time }));
      for (let i = 0; i < 8; i++) await store(`early-${i}`, 10 + i);
      await advance(TTL / 2);
      for (let i = 0; i < 4; i++) await store(`late-${i}`, i);
      await advance(TTL / 2);
      const page = async (limit: number, offset: number) =>
        (await backend.listByStatus('success', { limit, offset })).map((result) => result.taskId);
      assert.deepEqual(await page(2, 0), ['late-3', 'late-2']);
      assert.deepEqual(await page(2, 2), ['late-1', 'late-0']);
      await advance(TTL / 2);
      assert.deepEqual(await page(10, 0), []);
    },
  );

  promise(
    'counts no expired result as cleared or deleted',
    { needs: ['ttl', 'advance', 'clear', 'delete'], settings },
    async ({ backend, advance }) => {
      await backend.store('early', finished('early'));
      await advance(TTL);
      await backend.store('late', finished('late'));
      assert.equal(await backend.delete('early'), false);
      assert.equal(await backend.clear(), 1);
    },
  );
}
