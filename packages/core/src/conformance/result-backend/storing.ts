import assert from 'node:assert/strict';
import { TaskStatus } from '../../tasks/task-status.js';
import { finished, SAMPLE_CALL, sample, unfinished } from '../sample-results.js';
import type { ResultBackendPromise } from './describe-result-backend.js';

export function storing(promise: ResultBackendPromise): void {
  promise('gives back every field of a result, whatever its status', async ({ backend }) => {
    for (const status of Object.values(TaskStatus)) {
      const result = sample(`task-${status}`, status, { progress: { done: 3, of: 10 } });
      assert.equal(await backend.store(result.taskId, result), true);
      assert.deepEqual(await backend.get(result.taskId), result);
    }
  });

  promise('keeps apart what is null, empty and absent', async ({ backend }) => {
    const bare = { ...SAMPLE_CALL, args: [], kwargs: null, retryOf: null };
    const results = [
      unfinished('nothing', 'pending', { call: bare, submittedAt: null }),
      unfinished('empty', 'pending', { call: { ...bare, kwargs: {} } }),
      finished('null-value', 'success', { call: bare, value: null }),
      finished('empty-value', 'success', { call: bare, value: '' }),
      finished('false-value', 'success', { call: bare, value: false }),
    ];
    for (const result of results) {
      await backend.store(result.taskId, result);
      assert.deepEqual(await backend.get(result.taskId), result);
    }
  });

  promise('gives back a megabyte unchanged', async ({ backend }) => {
    const result = finished('large', 'success', { value: ['ü🚀|\n"\\'.repeat(120_000)] });
    await backend.store('large', result);
    assert.deepEqual(await backend.get('large'), result);
  });

  promise('has nothing for an id that was not stored, whatever objects call their own', async ({ backend }) => {
    for (const id of ['unknown', 'constructor', 'toString', 'hasOwnProperty']) {
      assert.equal(await backend.get(id), null);
    }
  });

  promise('keeps ids apart that differ in one character', async ({ backend }) => {
    const ids = ['job', 'Job', 'job:1', 'job/1', 'job@1', 'job.1', 'job-1', 'job_1', 'constructor', 'j'.repeat(128)];
    for (const id of ids) await backend.store(id, finished(id, 'success', { value: id }));
    for (const id of ids) assert.deepEqual(await backend.get(id), finished(id, 'success', { value: id }));
  });

  promise('is not changed by what callers do to their own objects', async ({ backend }) => {
    const value = { list: [1] };
    const result = finished('own', 'success', { value });
    const stored = backend.store('own', result);
    value.list.push(2);
    await stored;
    const read = await backend.get('own');
    assert.deepEqual(read, finished('own', 'success', { value: { list: [1] } }));
    read?.submittedAt?.setTime(0);
    assert.deepEqual(await backend.get('own'), finished('own', 'success', { value: { list: [1] } }));
  });

  promise('treats keys such as __proto__ as data (SE-04)', async ({ backend }) => {
    const hostile = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    const call = { ...SAMPLE_CALL, args: [JSON.parse(hostile)], kwargs: JSON.parse(hostile) };
    await backend.store('hostile', finished('hostile', 'success', { call, value: JSON.parse(hostile) }));
    const read = await backend.get('hostile');
    assert.equal(JSON.stringify(read?.args[0]), hostile);
    assert.equal(JSON.stringify(read?.kwargs), hostile);
    assert.equal(JSON.stringify(read?.status === 'success' && read.result), hostile);
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });

  promise('shows another process what was stored', { needs: ['second'] }, async ({ backend, second }) => {
    const other = await second();
    const result = finished('shared');
    await backend.store('shared', result);
    assert.deepEqual(await other.get('shared'), result);
  });

  promise(
    'says which record is damaged, and reads the others (RB-08)',
    { needs: ['damage'] },
    async ({ backend, damage }) => {
      for (const id of ['whole', 'cut', 'odd']) await backend.store(id, finished(id));
      await damage('cut', 'truncated');
      await damage('odd', 'unknown-status');
      for (const id of ['cut', 'odd']) {
        await assert.rejects(
          backend.get(id),
          (err: Error & { code?: string }) => err.code === 'RESULT_UNREADABLE' && err.message.includes(id),
        );
      }
      assert.deepEqual(await backend.get('whole'), finished('whole'));
    },
  );
}
