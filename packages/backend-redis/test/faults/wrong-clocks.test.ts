import { IndeterminateSubmitError, StoreUnavailableError, systemClock } from '@flowrra/core';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { claimOne, first, message, ownServerBehindLink, PLACES, setup, success } from '../setup.js';

const HOUR = 3_600_000;
const claimFive = { ...claimOne, count: 5 };

const trueTime = () => performance.timeOrigin + performance.now();

describe.each(PLACES)('workers with broker and backend at %s', (places) => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
  });

  /** What a worker does that has just been started on such a machine; its first claim looks at all leases. */
  async function onMachine<T>(off: number, work: () => Promise<T>): Promise<T> {
    vi.setSystemTime(trueTime() + off);
    return work();
  }

  it.each([
    [HOUR, -HOUR],
    [-HOUR, HOUR],
  ])(
    'that are wrong by %i and %i ms start no delayed task early, steal no lease and keep none for ever (BK-19)',
    async (one, other) => {
      const { pair: open, client, key } = setup();
      const [mine, theirs] = [await open(places), await open(places)];
      const looksAtLeases = async (off: number) => {
        await client.del(key('swept'));
        return onMachine(off, async () => (await open(places)).claim(claimFive));
      };
      await onMachine(one, () =>
        mine.submit([message({ id: 'delayed', runAt: { after: 60_000 } }), message({ id: 'a' })]),
      );
      const { claims } = await onMachine(one, () => mine.claim(claimFive));
      expect(claims.map(({ lease }) => lease.id)).toEqual(['a']);
      expect((await looksAtLeases(other)).claims).toEqual([]);
      const ending = Number((await client.hget(key('active'), 'a'))?.split('|')[0]);
      expect(Math.abs(ending - 30_000 - trueTime())).toBeLessThan(20_000);

      await onMachine(other, () => theirs.submit([message({ id: 'b' })]));
      const lost = first((await onMachine(one, () => mine.claim({ ...claimFive, leaseMs: 1 }))).claims);
      const again = first((await looksAtLeases(other)).claims);
      expect(again.lease).toMatchObject({ id: 'b', fence: lost.lease.fence + 1 });
      expect(
        await onMachine(one, () =>
          mine.extend(
            claims.map(({ lease }) => lease),
            30_000,
          ),
        ),
      ).toEqual(['held']);
      // Somebody set the clock of the machine while the task ran.
      expect(await onMachine(other, () => mine.finish(first(claims), success(1)))).toBe(true);
      const ended = await onMachine(one, () => theirs.get('a'));
      expect(ended).toMatchObject({ status: 'success' });
      if (places === 'one place') expect(Math.abs(Number(ended?.finishedAt) - trueTime())).toBeLessThan(20_000);
    },
  );
});

describe.each(PLACES)(
  "a server's clock that is set back while a task runs, with broker and backend at %s",
  (places) => {
    it('leaves a result that is found, listed, and the same when it is told again (BK-19)', async () => {
      let now = Date.now();
      const clock = { ...systemClock, now: () => now };
      const { pair: open } = setup();
      const store = await open(places, { broker: { clock }, backend: { clock } });
      await store.submit([message({ id: 'a' })]);
      const task = first((await store.claim(claimOne)).claims);
      now -= 5_000;
      expect(await store.finish(task, success(1))).toBe(true);
      expect(await store.get('a')).toMatchObject({ status: 'success', result: 1 });
      expect(await store.listByStatus('success')).toMatchObject([{ taskId: 'a' }]);
      // At two places the id is free again, and so is the message.
      if (places === 'two places') return;
      expect(await store.finish(task, success(1))).toBe(true);
      expect(await store.submit([message({ id: 'a' })])).toMatchObject([{ known: true }]);
    });
  },
);

describe.each(PLACES)('a clock that is set back by an hour, with broker and backend at %s', (places) => {
  it('holds up no call: each still ends by its deadline when the server does not answer (BK-05, BK-19)', async () => {
    const { pair, link, linkUrl } = await ownServerBehindLink();
    const deadline = { deadline: 400 };
    const store = await pair(places, { broker: deadline, backend: deadline }, linkUrl);
    await store.submit([message()]);
    let setBack = 0;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => trueTime() - setBack);
    onTestFinished(() => clock.mockRestore());
    const refusalOf = async (call: Promise<unknown>): Promise<unknown> => {
      // By now the call has begun, and its deadline too.
      setTimeout(() => (setBack += HOUR), 50);
      return call.catch((err: unknown) => err);
    };
    await link.set({ kind: 'oneway' });
    expect(await refusalOf(store.submit([message()]))).toBeInstanceOf(IndeterminateSubmitError);
    await link.set({ kind: 'refuse' });
    await vi.waitFor(() => expect(store.size('default')).rejects.toThrow('cannot be reached'));
    expect(await refusalOf(store.submit([message()]))).toBeInstanceOf(StoreUnavailableError);
  });
});
