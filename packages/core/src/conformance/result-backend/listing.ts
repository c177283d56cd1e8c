import assert from 'node:assert/strict';
import type { BaseResultBackend, Page } from '../../backends/base-result-backend.js';
import { TaskStatus } from '../../tasks/task-status.js';
import { rejection } from '../expectations.js';
import { finished, SUBMITTED, sample, unfinished } from '../sample-results.js';
import type { ResultBackendPromise } from './describe-result-backend.js';

const NEEDS = { needs: ['listByStatus'] } as const;

export function listing(promise: ResultBackendPromise): void {
  promise('lists the whole results of one status', NEEDS, async ({ backend }) => {
    for (const status of Object.values(TaskStatus)) {
      await backend.store(`task-${status}`, sample(`task-${status}`, status));
    }
    for (const status of Object.values(TaskStatus)) {
      assert.deepEqual(await backend.listByStatus(status), [sample(`task-${status}`, status)]);
    }
  });

  promise('has an empty list when there is nothing', NEEDS, async ({ backend }) => {
    assert.deepEqual(await backend.listByStatus('pending'), []);
  });

  promise(
    'shows the newest submission first, equal ones by id downwards, unknown ones last',
    NEEDS,
    async ({ backend }) => {
      const times: Record<string, number | null> = { b: 2, a: 2, d: 1, c: 3, y: null, z: null, e: 2 };
      for (const [id, time] of Object.entries(times)) {
        await backend.store(id, finished(id, 'success', { submittedAt: time === null ? null : SUBMITTED + time }));
      }
      assert.deepEqual(await ids(backend, 'success'), ['c', 'e', 'b', 'a', 'd', 'z', 'y']);
      // Listing again after more has come in: newer, older and in between.
      for (const [id, time] of [
        ['f', 9],
        ['g', 0],
        ['h', 2],
      ] as const) {
        await backend.store(id, finished(id, 'success', { submittedAt: SUBMITTED + time }));
      }
      assert.deepEqual(await ids(backend, 'success'), ['f', 'c', 'h', 'e', 'b', 'a', 'd', 'g', 'z', 'y']);
    },
  );

  promise('moves a task from list to list as its status changes', NEEDS, async ({ backend }) => {
    const life = [
      unfinished('task', 'pending'),
      unfinished('task', 'running', { fence: 1 }),
      unfinished('task', 'retrying', { fence: 1 }),
      unfinished('task', 'running', { fence: 2 }),
      unfinished('task', 'running', { fence: 2, progress: 1 }),
      finished('task', 'failed', { fence: 2 }),
      unfinished('task', 'pending', { submittedAt: SUBMITTED + 1 }),
    ];
    for (const result of life) {
      await backend.store('task', result);
      for (const status of Object.values(TaskStatus)) {
        assert.deepEqual(await backend.listByStatus(status), status === result.status ? [result] : []);
      }
    }
  });

  promise('shows a page that was asked for, and the pages together show all', NEEDS, async ({ backend }) => {
    const all = Array.from({ length: 23 }, (_, i) => `task-${String(i).padStart(2, '0')}`).reverse();
    for (const [i, id] of [...all].reverse().entries())
      await backend.store(id, unfinished(id, 'running', { submittedAt: SUBMITTED + i }));
    assert.deepEqual(await ids(backend, 'running', { limit: null }), all);
    assert.deepEqual(await ids(backend, 'running', { offset: 20 }), all.slice(20));
    assert.deepEqual(await ids(backend, 'running', { limit: 0 }), []);
    assert.deepEqual(await ids(backend, 'running', { limit: 5, offset: 100 }), []);
    const pages = await Promise.all([0, 10, 20].map((offset) => ids(backend, 'running', { limit: 10, offset })));
    assert.deepEqual(pages.flat(), all);
  });

  promise('refuses a limit or an offset that is no count', NEEDS, async ({ backend }) => {
    for (const value of [-1, 1.5, Number.NaN]) {
      assert.equal(
        (await rejection(backend.listByStatus('success', { limit: value }), 'INVALID_ARGUMENT')).argument,
        'limit',
      );
      assert.equal(
        (await rejection(backend.listByStatus('success', { offset: value }), 'INVALID_ARGUMENT')).argument,
        'offset',
      );
    }
  });

  promise(
    'shows no deleted result, and no shorter page for it',
    { needs: ['listByStatus', 'delete'] },
    async ({ backend }) => {
      for (let i = 0; i < 6; i++)
        await backend.store(`task-${i}`, finished(`task-${i}`, 'success', { submittedAt: SUBMITTED + i }));
      await backend.listByStatus('success');
      for (const id of ['task-5', 'task-3']) await backend.delete(id);
      assert.deepEqual(await ids(backend, 'success', { limit: 3 }), ['task-4', 'task-2', 'task-1']);
      assert.deepEqual(await ids(backend, 'success', { limit: 3, offset: 1 }), ['task-2', 'task-1', 'task-0']);
    },
  );

  promise('shows nothing after clear', { needs: ['listByStatus', 'clear'] }, async ({ backend }) => {
    for (const status of Object.values(TaskStatus)) await backend.store(status, sample(status, status));
    await backend.clear();
    for (const status of Object.values(TaskStatus)) assert.deepEqual(await backend.listByStatus(status), []);
    await backend.store('after', finished('after'));
    assert.deepEqual(await ids(backend, 'success'), ['after']);
  });

  promise(
    'leaves unreadable results out and logs them (RB-08)',
    { needs: ['listByStatus', 'damage'] },
    async ({ backend, damage, logger }) => {
      for (const id of ['whole-1', 'cut', 'odd', 'whole-2']) await backend.store(id, finished(id));
      await damage('cut', 'truncated');
      await damage('odd', 'unknown-status');
      assert.deepEqual(await ids(backend, 'success'), ['whole-2', 'whole-1']);
      const logged = JSON.stringify(logger.entries.filter(({ level }) => level === 'warn' || level === 'error'));
      for (const id of ['cut', 'odd']) assert.ok(logged.includes(id), `The log names ${id}: ${logged}`);
    },
  );
}

async function ids(backend: BaseResultBackend, status: TaskStatus, page?: Page): Promise<string[]> {
  return (await backend.listByStatus(status, page)).map((result) => result.taskId);
}
