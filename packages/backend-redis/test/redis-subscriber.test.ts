import { expect, it, onTestFinished, vi } from 'vitest';
import { RedisConnection } from '../src/redis-connection.js';
import { ownServer } from './setup.js';

it('a channel that was given up before its subscription was confirmed is heard by the next who wants it', async () => {
  const { server, client } = await ownServer();
  const connection = new RedisConnection(server.url, { deadline: 10_000 });
  onTestFinished(() => connection.close());
  const { subscriber } = connection;
  await subscriber.subscribe('other', () => {}).active;
  // Longer than an unused channel is kept: the server hears of both only afterwards.
  await client.call('CLIENT', 'PAUSE', '1500', 'ALL');
  const givenUp = subscriber.subscribe('channel', () => {});
  givenUp.end();
  await givenUp.active;
  const heard: string[] = [];
  await subscriber.subscribe('channel', (message) => void heard.push(message.toString())).active;
  await client.publish('channel', 'news');
  await vi.waitFor(() => expect(heard).toEqual(['news']), { timeout: 5_000, interval: 20 });
});
