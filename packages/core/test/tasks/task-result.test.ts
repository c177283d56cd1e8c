import { describe, expect, it } from 'vitest';
import { mayReplace, type ResultStamp } from '../../src/tasks/task-result.js';
import { isFinal, NEXT_STATUSES, TaskStatus } from '../../src/tasks/task-status.js';

const at = (status: TaskStatus, fence: number, submittedAt: Date | null = new Date(1_000)): ResultStamp => ({
  status,
  fence,
  submittedAt,
});
const all = Object.values(TaskStatus);

describe('mayReplace', () => {
  it('takes anything where nothing is stored', () => {
    for (const status of all) expect(mayReplace(null, at(status, 1))).toBe(true);
  });

  it('refuses everything after a final status, whatever its fence', () => {
    for (const final of all.filter(isFinal)) {
      for (const status of all) expect(mayReplace(at(final, 1), at(status, 9))).toBe(false);
    }
  });

  it('refuses a lower fence', () => {
    for (const status of all) expect(mayReplace(at('running', 2), at(status, 1))).toBe(false);
  });

  it('lets a later delivery run again', () => {
    expect(mayReplace(at('running', 1), at('running', 2))).toBe(true);
    expect(mayReplace(at('retrying', 1), at('running', 2))).toBe(true);
  });

  it('takes progress of the same delivery, but no late RUNNING over its RETRYING', () => {
    expect(mayReplace(at('running', 1), at('running', 1))).toBe(true);
    expect(mayReplace(at('retrying', 1), at('running', 1))).toBe(false);
  });

  it('never goes back to PENDING within one submission', () => {
    for (const status of all) expect(mayReplace(at(status, 1), at('pending', 9))).toBe(false);
  });

  it('takes the PENDING of a later submission over whatever its forerunner left, for an id that is used again', () => {
    expect(mayReplace(at('success', 3), at('pending', 0, new Date(1_001)))).toBe(true);
    expect(mayReplace(at('running', 3), at('pending', 0, new Date(1_001)))).toBe(true);
    expect(mayReplace(at('success', 3, null), at('pending', 0, new Date(1_001)))).toBe(false);
  });
});

describe('the table of status moves', () => {
  it('lets nothing follow a final status', () => {
    expect(all.filter(isFinal)).toEqual(['success', 'failed', 'cancelled']);
    expect(NEXT_STATUSES.pending).not.toContain('success');
  });
});
