import { sampleSchedule } from '@flowrra/scheduler/conformance';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startNode } from '../../support/node-process.js';
import { SQL_SERVERS } from '../../support/sql-servers.js';

/** After a gap and in an overlap of New York's clocks, and near the end of a second. */
const [startAt, nextRun, endAt] = [
  new Date('2026-03-08T07:30:00.001Z'),
  new Date('2026-11-01T05:30:00.600Z'),
  new Date('2026-12-31T23:59:59.999Z'),
];

describe.each(SQL_SERVERS)('processes in two time zones, and a server in a third, on $name', (server) => {
  it('read the same instants, to the millisecond, and the same clock (SQ-07, SQ-08)', async () => {
    const own = await server.start({ extraConfig: [server.oddZone] });
    onTestFinished(() => own.stop());
    const world = server.world(own.url);
    onTestFinished(() => world.close());
    const zones = ['America/New_York', 'Asia/Kolkata'];
    const schedules = zones.map((zone, index) => {
      return sampleSchedule(`job-${index}`, { startAt, nextRun, lastRun: startAt, endAt, description: zone });
    });
    const nodes = await Promise.all(
      zones.map((zone, index) =>
        startNode('clock-reader.mjs', { zone, url: own.url, tablePrefix: world.prefix, schedule: schedules[index] }),
      ),
    );
    onTestFinished(() => Promise.all(nodes.map((node) => node.end())).then(() => {}));
    const seen = (await Promise.all(nodes.map((node) => node.ask({})))) as { offset: number; off: number }[];
    const expected = JSON.parse(JSON.stringify({ all: schedules, nextRun }));
    expect(seen).toEqual([
      { offset: 300, off: expect.any(Number), ...expected },
      { offset: -330, off: expect.any(Number), ...expected },
    ]);
    // A wrong zone would be half an hour off at least.
    for (const { off } of seen) expect(Math.abs(off)).toBeLessThan(60_000);
    expect(await world.watched([]).listAll()).toEqual(schedules);
    const { now } = await world.watched([]).dueTimes();
    expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(60_000);
  });
});
