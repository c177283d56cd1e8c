import { describe, expect, it } from 'vitest';
import { claimOne, message, ownServer, PLACES, success } from '../setup.js';

describe.each(PLACES)('a server that forgets its scripts, for broker and backend at %s', (places) => {
  it('is not noticed between any two steps, nor in the middle of many at once (BK-07)', async () => {
    const { pair: open, client, key } = await ownServer();
    const store = await open(places);
    const flush = () => client.script('FLUSH');
    await flush();
    const ids = Array.from({ length: 250 }, (_, i) => `t${i}`);
    const submitted = store.submit(ids.map((id) => message({ id })));
    await Promise.all([flush(), submitted]);
    const waits = ids.map((id) => store.waitFor(id));
    const { claims } = await store.claim({ ...claimOne, count: 100 });
    await flush();
    expect(
      await store.extend(
        claims.map(({ lease }) => lease),
        30_000,
      ),
    ).toEqual(claims.map(() => 'held'));
    const rest = [
      ...(await store.claim({ ...claimOne, count: 100 })).claims,
      ...(await store.claim({ ...claimOne, count: 100 })).claims,
    ];
    await flush();
    const ends = [...claims, ...rest].map((task) => store.finish(task, success(task.lease.id)));
    await flush();
    expect(await Promise.all(ends)).toEqual(ids.map(() => true));
    expect((await Promise.all(waits)).map(({ taskId }) => taskId)).toEqual(ids);
    expect(await client.hlen(key('active'))).toBe(0);
  });
});
