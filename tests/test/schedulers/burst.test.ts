import { describe, expect, it, vi } from 'vitest';
import { ENGINES } from '../../support/databases.js';
import { openSchedulers } from '../../support/schedulers.js';
import { faultsOf } from '../../support/slot-history.js';

/** As many as the promise says when asked for, by default a part of it. */
const COUNT = process.env.FLOWRRA_LONG ? 10_000 : 2_000;

describe.each(ENGINES)(`${COUNT} schedules that are due at once on %s`, (engine) => {
  it('are all enqueued once by two nodes, in batches', async (context) => {
    const nodes = await openSchedulers(engine, context);
    const schedules = await nodes.once(COUNT, await nodes.now());
    await Promise.all(['a', 'b'].map((name) => nodes.node(name, { executes: false })));
    await vi.waitFor(async () => expect(await nodes.app.queueSize('default')).toMatchObject({ waiting: COUNT }), {
      timeout: 60_000,
      interval: 100,
    });
    await nodes.node('worker', { schedules: false });
    const history = await nodes.end(schedules, 60_000);
    expect(faultsOf({ ...history, latest: 60_000 })).toEqual([]);
    const claims = history.firings.map(({ claimedAt }) => claimedAt.getTime());
    const began = Math.min(...claims);
    const submits = history.firings.map(({ submittedAt }) => Number(submittedAt));
    const seconds = (Math.max(...submits) - began) / 1_000;
    const perNode = ['a', 'b'].map((name) => history.firings.filter(({ node }) => node === name).length);
    console.log(
      `${engine}: ${COUNT} slots (${perNode}) claimed in ${(Math.max(...claims) - began) / 1_000} s, enqueued in ${seconds} s, ${Math.round(COUNT / seconds)}/s`,
    );
  }, 180_000);
});
