import { expect, it } from 'vitest';
import { clockUses, hasExportStar } from '../../scripts/guards.mjs';

it.each([
  'const now = Date.now();',
  'setTimeout(run, 5);',
  'setInterval (run, 5);',
  'new Date()',
  "from 'node:timers/promises'",
])('the clock guard refuses: %s', (line) => {
  expect(clockUses(`\n${line}`)).toEqual([2]);
});

it.each([
  'new Date(clock.now())',
  'type Timer = ReturnType<typeof setTimeout>;',
  'clock.sleep(5); // instead of setTimeout(5)',
  ' * setTimeout(run) overflows',
  'setTimeout(run, 5); // clock-guard: the thread has no clock',
])('the clock guard accepts: %s', (line) => {
  expect(clockUses(line)).toEqual([]);
});

it('the clock guard wants a reason', () => {
  expect(clockUses('Date.now() // clock-guard:')).toEqual([1]);
});

it('the surface guard refuses export * and nothing else', () => {
  expect(hasExportStar("export * from './a.js';")).toBe(true);
  expect(hasExportStar("export type * from './a.js';")).toBe(true);
  expect(hasExportStar("export { a } from './a.js';\nimport * as b from 'b';")).toBe(false);
});
