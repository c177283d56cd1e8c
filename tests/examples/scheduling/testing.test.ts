import { createTestApp } from '@flowrra/core/testing';
import { InMemorySchedulerBackend, Scheduler } from '@flowrra/scheduler';
import { expect, it } from 'vitest';

it('makes a backup every night', async () => {
  const { app, clock } = createTestApp(); // begins on 1 January 2026, 0:00 UTC
  const scheduler = new Scheduler(app, { backend: new InMemorySchedulerBackend() });
  const backUp = app.task('back-up', async (what: string) => `saved ${what}`);
  await scheduler.scheduleCron('0 3 * * *', backUp, { id: 'nightly', args: ['orders'] });
  await app.start();

  await clock.advance('4h');
  const [firing] = await scheduler.history('nightly');
  expect(firing?.slot).toEqual(new Date('2026-01-01T03:00:00Z'));
  expect(await app.handle(backUp, firing?.id ?? '').result()).toBe('saved orders');

  await app.stop();
});
