import { setTimeout as pause } from 'node:timers/promises';
import { sampleDecision, sampleSchedule } from '@flowrra/scheduler/conformance';
import { afterEach, describe, expect, it } from 'vitest';
import { SQL_SERVERS, type World } from '../../support/sql-servers.js';

const worlds: World[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

describe.each(SQL_SERVERS)('a node on $name', (server) => {
  it('hears within 5 s of what others create, disable, claim and delete (SC-10)', async () => {
    const world = server.world();
    worlds.push(world);
    const [waiting, changing] = [world.backend(), world.backend()];
    const schedule = sampleSchedule('job');
    const changes: [what: string, change: () => Promise<unknown>][] = [
      ['create', () => changing.create(schedule)],
      ['claim', () => changing.claimDue([sampleDecision(schedule)], { node: 'node' })],
      ['disable', () => changing.update({ ...schedule, enabled: false, nextRun: null })],
      ['delete', () => changing.delete('job')],
    ];
    for (const [what, change] of changes) {
      const heard = waiting.waitForChange({ signal: new AbortController().signal }).then(() => 'heard');
      await change();
      expect([what, await Promise.race([heard, pause(5_000, 'not heard', { ref: false })])]).toEqual([what, 'heard']);
    }
  });
});
