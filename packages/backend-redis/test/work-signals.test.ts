import { expect, it } from 'vitest';
import { claimOne, ownServer } from './setup.js';

it('a wait for work ends before the server forgets who waits, so that no push goes unheard', async () => {
  const { broker: open, client, key } = await ownServer();
  const broker = await open();
  await broker.claim(claimOne);
  await broker.waitForWork([claimOne.queue], { signal: new AbortController().signal, lane: 'io' });
  expect(await client.exists(key(`idle|${claimOne.queue}|io`))).toBe(1);
});
