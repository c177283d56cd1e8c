import type { Firing, ScheduledTask } from '@flowrra/core';
import { sampleSchedule } from '@flowrra/scheduler/conformance';

/** Any number of schedules in one transaction's worth of changes. */
export function creations(count: number, changes: (index: number) => Partial<ScheduledTask> = () => ({})) {
  return Array.from({ length: count }, (_, index) => ({
    before: null,
    after: sampleSchedule(`job-${String(index).padStart(5, '0')}`, changes(index)),
  }));
}

export function idsOf(items: readonly Pick<Firing | ScheduledTask, 'id'>[]): string[] {
  return items.map(({ id }) => id);
}
