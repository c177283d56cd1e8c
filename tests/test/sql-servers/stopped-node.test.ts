import { readFileSync } from 'node:fs';
import { sampleDecision, sampleSchedule } from '@flowrra/scheduler/conformance';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startNode } from '../../support/node-process.js';
import { SQL_SERVERS } from '../../support/sql-servers.js';

/** The letter of the process's state; T is stopped. */
function stateOf(pid: number): string {
  return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
}

describe.each(SQL_SERVERS)('a node that is stopped inside a claim on $name', (server) => {
  it('loses its session, another node claims, and it writes nothing on waking (SC-04)', async () => {
    const world = server.world();
    onTestFinished(() => world.close());
    const backend = world.backend();
    await backend.create(sampleSchedule('job'));
    const settings = { server: server.name, url: world.url, tablePrefix: world.prefix, id: 'job' };
    const stopping = await startNode('stopping-claimer.mjs', settings);
    onTestFinished(() => stopping.end());
    await vi.waitFor(() => expect(stateOf(stopping.pid)).toBe('T'), 20_000);

    const decision = sampleDecision(sampleSchedule('job'));
    const claims: number[] = [];
    await vi.waitFor(
      async () => {
        claims.push((await backend.claimDue([decision], { node: 'awake' })).length);
        expect(claims.at(-1)).toBe(1);
      },
      { timeout: 30_000, interval: 100 },
    );
    // It held the row at first.
    expect(claims[0]).toBe(0);
    const woken = stopping.nextMessage();
    stopping.kill('SIGCONT');
    expect(await woken).toEqual({ stopped: true, claimed: 0 });
    const firings = await backend.listFirings('job');
    expect(firings.map(({ node }) => node)).toEqual(['awake']);
    expect((await backend.get('job'))?.nextRun).toEqual(decision.nextRun);
  });
});
