import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onAbort } from '../src/on-abort.js';

describe('onAbort', () => {
  it('calls everybody once, those excepted who took it back', () => {
    const controller = new AbortController();
    const calls: string[] = [];
    onAbort(controller.signal, () => calls.push('first'));
    const takeBack = onAbort(controller.signal, () => calls.push('second'));
    onAbort(controller.signal, () => calls.push('third'));
    takeBack();
    controller.abort();
    controller.abort();
    expect(calls).toEqual(['first', 'third']);
  });

  it('calls at once when the signal has aborted', () => {
    const calls: string[] = [];
    onAbort(AbortSignal.abort(), () => calls.push('now'));
    expect(calls).toEqual(['now']);
  });

  it('puts one listener on a signal, however many wait', () => {
    const { signal } = new AbortController();
    for (let i = 0; i < 100; i++) onAbort(signal, () => {});
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  });
});
