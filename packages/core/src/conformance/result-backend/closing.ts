import assert from 'node:assert/strict';
import { breathe, rejection } from '../expectations.js';
import { finished, unfinished } from '../sample-results.js';
import type { ResultBackendPromise } from './describe-result-backend.js';

export function closing(promise: ResultBackendPromise): void {
  promise('closes more than once, also at the same time (SH-06)', async ({ backend }) => {
    await backend.store('task', finished('task'));
    await Promise.all([backend.close(), backend.close()]);
    await backend.close();
  });

  promise('stores and reads nothing once it is closed', async ({ backend }) => {
    await backend.store('task', unfinished('task', 'running'));
    await backend.close();
    await rejection(backend.store('task', finished('task')), 'STOPPED');
    await rejection(backend.get('task'), 'STOPPED');
    await rejection(backend.waitFor('task'), 'STOPPED');
  });

  promise('ends the waits that are under way with a typed error', async ({ backend, passTime }) => {
    const waits = ['one', 'two'].map((id) => rejection(backend.waitFor(id, { timeout: null }), 'STOPPED'));
    await breathe(() => backend.get('one'));
    await backend.close();
    // One that polls hears of it at its next look.
    await breathe(() => passTime(1_000));
    assert.equal((await Promise.all(waits)).length, 2);
  });
}
