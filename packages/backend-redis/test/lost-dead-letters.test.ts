import { describe, expect, it, vi } from 'vitest';
import { claimOne, first, message, ownServerBehindLink, SOON } from './setup.js';

const LETTER_BYTES = 10_000;

describe('taking a dead letter whose reply is lost', () => {
  it('loses nothing: who takes it again gets it, once', async () => {
    const { broker: open, link, linkUrl, client, key } = await ownServerBehindLink();
    const broker = await open({}, linkUrl);
    const payload = 'x'.repeat(LETTER_BYTES);
    await broker.push([message({ id: 'a', payload })]);
    const { lease } = first((await broker.claim(claimOne)).claims);
    await broker.ack([{ lease, deadLetter: 'given up' }]);
    // The server knows the script from here on.
    expect(await broker.takeDeadLetter('other', 'a')).toBeNull();
    // It is read before it is taken, and the second of these replies breaks off.
    await link.set({ kind: 'cutAfter', bytes: LETTER_BYTES * 1.5 });
    await expect(broker.takeDeadLetter('default', 'a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await link.set({ kind: 'pass' });
    expect(await client.hlen(key('buried'))).toBe(0);
    const letter = await vi.waitFor(() => broker.takeDeadLetter('default', 'a'), SOON);
    expect(letter).toMatchObject({ id: 'a', reason: 'given up' });
    expect(Buffer.from(letter?.payload ?? []).toString()).toBe(payload);
    expect(await broker.takeDeadLetter('default', 'a')).toBeNull();
  });
});
