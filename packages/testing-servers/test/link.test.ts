import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openLink } from '../src/index.js';

const SOON = { timeout: 5_000, interval: 5 };

/** A server that answers each line with `re: <line>`. */
async function echo(heard: string[], answer = 're') {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      heard.push(String(bytes));
      socket.write(`${answer}: ${bytes}`);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return server.address() as AddressInfo;
}

/** A server, what it heard, and a link to it. */
async function setup() {
  const heard: string[] = [];
  const link = await openLink(await echo(heard));
  onTestFinished(() => link.close());
  return { link, heard };
}

/** A client that has something to say; its events and what it was told. */
function client(port: number, text = 'a') {
  const socket: Socket = connect(port, '127.0.0.1');
  const events: string[] = [];
  let told = '';
  socket.on('data', (bytes) => (told += bytes));
  socket.on('error', (err) => events.push((err as NodeJS.ErrnoException).code ?? ''));
  socket.once('close', () => events.push('closed'));
  socket.write(text);
  onTestFinished(() => void socket.destroy());
  return { socket, events, told: () => told };
}

it('keeps the order of bytes when it becomes faster or slower while some are on their way', async () => {
  const { link, heard } = await setup();
  const one = client(link.port);
  await vi.waitFor(() => expect(one.told()).toBe('re: a'), SOON);
  await link.set({ kind: 'delay', ms: 150 });
  one.socket.write('b');
  // By now the link has it, and holds it.
  await sleep(50);
  await link.set({ kind: 'pass' });
  one.socket.end('c');
  await vi.waitFor(() => expect(one.events).toEqual(['closed']), SOON);
  expect([heard.join(''), one.told().replaceAll('re: ', '')]).toEqual(['abc', 'abc']);
});

it('passes what is said in both directions, and the end of it', async () => {
  const { link } = await setup();
  const one = client(link.port);
  await vi.waitFor(() => expect(one.told()).toBe('re: a'), SOON);
  expect(link.connections).toBe(1);
  one.socket.end();
  await vi.waitFor(() => expect([one.events, link.connections]).toEqual([['closed'], 0]), SOON);
});

it('refuses connections and resets open ones until it is healed, at the same port', async () => {
  const { link } = await setup();
  const open = client(link.port);
  await vi.waitFor(() => expect(open.told()).toBe('re: a'), SOON);
  await link.set({ kind: 'refuse' });
  const refused = client(link.port);
  await vi.waitFor(() => expect([open.events[0], refused.events[0]]).toEqual(['ECONNRESET', 'ECONNREFUSED']), SOON);
  await link.set({ kind: 'pass' });
  const later = client(link.port);
  await vi.waitFor(() => expect(later.told()).toBe('re: a'), SOON);
});

it('resets what is open, once', async () => {
  const { link } = await setup();
  const open = client(link.port);
  await vi.waitFor(() => expect(open.told()).toBe('re: a'), SOON);
  link.reset();
  await vi.waitFor(() => expect(open.events).toEqual(['ECONNRESET', 'closed']), SOON);
  const later = client(link.port);
  await vi.waitFor(() => expect(later.told()).toBe('re: a'), SOON);
});

it('holds all bytes as a blackhole, those of old and new connections, and delivers them when it is healed', async () => {
  const { link, heard } = await setup();
  const old = client(link.port);
  await vi.waitFor(() => expect(old.told()).toBe('re: a'), SOON);
  await link.set({ kind: 'blackhole' });
  old.socket.write('b');
  const fresh = client(link.port, 'c');
  await once(fresh.socket, 'connect');
  fresh.socket.end();
  await sleep(50);
  expect(heard).toEqual(['a']);
  await link.set({ kind: 'pass' });
  await vi.waitFor(() => expect([old.told(), heard.toSorted()]).toEqual(['re: are: b', ['a', 'b', 'c']]), SOON);
});

it('delivers what is asked and holds the replies when it is oneway', async () => {
  const { link, heard } = await setup();
  await link.set({ kind: 'oneway' });
  const one = client(link.port);
  await vi.waitFor(() => expect(heard).toEqual(['a']), SOON);
  await sleep(50);
  expect(one.told()).toBe('');
  await link.set({ kind: 'pass' });
  await vi.waitFor(() => expect(one.told()).toBe('re: a'), SOON);
});

it('takes its time when it is told to', async () => {
  const { link } = await setup();
  await link.set({ kind: 'delay', ms: 100 });
  const begun = performance.now();
  const one = client(link.port);
  await vi.waitFor(() => expect(one.told()).toBe('re: a'), SOON);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(199);
});

it('cuts each connection after so many bytes of replies', async () => {
  const { link } = await setup();
  await link.set({ kind: 'cutAfter', bytes: 3 });
  const ends = [client(link.port), client(link.port)];
  await vi.waitFor(
    () => expect(ends.map(({ events, told }) => [told(), events.at(-1)])).toEqual(Array(2).fill(['re:', 'closed'])),
    SOON,
  );
});

it('leads to another server when it is told to, and leaves open connections with the old one', async () => {
  const { link } = await setup();
  const old = client(link.port);
  await vi.waitFor(() => expect(old.told()).toBe('re: a'), SOON);
  link.retarget(await echo([], 'new'));
  const fresh = client(link.port);
  old.socket.write('b');
  await vi.waitFor(() => expect([old.told(), fresh.told()]).toEqual(['re: are: b', 'new: a']), SOON);
});
