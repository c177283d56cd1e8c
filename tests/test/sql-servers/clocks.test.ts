import { getSchedulerBackend } from '@flowrra/scheduler';
import { sampleSchedule } from '@flowrra/scheduler/conformance';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newDatabase } from '../../support/databases.js';
import { startNode } from '../../support/node-process.js';
import { SQL_SERVERS } from '../../support/sql-servers.js';

/** After a gap and in an overlap of New York's clocks, and near the end of a second. */
const [startAt, nextRun, endAt] = [
  new Date('2026-03-08T07:30:00.001Z'),
  new Date('2026-11-01T05:30:00.600Z'),
  new Date('2026-12-31T23:59:59.999Z'),
];

/** Lets a process in New York and one in Kolkata each store a schedule, and holds what both read against each other. */
async function expectOneClock(url: string, tablePrefix: string): Promise<void> {
  const zones = ['America/New_York', 'Asia/Kolkata'];
  const schedules = zones.map((zone, index) =>
    sampleSchedule(`job-${index}`, { startAt, nextRun, lastRun: startAt, endAt, description: zone }),
  );
  const nodes = await Promise.all(
    zones.map((zone, index) => startNode('clock-reader.mjs', { zone, url, tablePrefix, schedule: schedules[index] })),
  );
  onTestFinished(() => Promise.all(nodes.map((node) => node.end())).then(() => {}));
  const seen = (await Promise.all(nodes.map((node) => node.ask({})))) as { off: number }[];
  const slots = ['2030-03-10T07:30:00.000Z', '2030-03-11T06:30:00.000Z'];
  const expected = { off: expect.any(Number), ...JSON.parse(JSON.stringify({ all: schedules, nextRun, slots })) };
  expect(seen).toEqual([
    { offset: 300, ...expected },
    { offset: -330, ...expected },
  ]);
  // A wrong zone would be half an hour off at least.
  for (const { off } of seen) expect(Math.abs(off)).toBeLessThan(60_000);
  const backend = await getSchedulerBackend(url, { tablePrefix });
  onTestFinished(() => backend.close());
  expect(await backend.listAll()).toEqual(schedules);
  const { now } = await backend.dueTimes();
  expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(60_000);
}

const PROMISE = 'read the same instants, to the millisecond, the same clock and the same slots (SQ-07, SQ-08)';

describe.each(SQL_SERVERS)('processes in two time zones, and a server in a third, on $name', (server) => {
  it(PROMISE, async () => {
    const own = await server.start({ extraConfig: [server.oddZone] });
    onTestFinished(() => own.stop());
    const world = server.world(own.url);
    onTestFinished(() => world.close());
    await expectOneClock(own.url, world.prefix);
  });
});

describe('processes in two time zones on one SQLite file', () => {
  it(PROMISE, async () => {
    const { url, options, drop } = newDatabase('sqlite');
    onTestFinished(drop);
    await expectOneClock(url, options.tablePrefix);
  });
});
