import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { openWorld } from '../../support/world.js';

describe('a task with schemas', () => {
  const schema = {
    args: z.tuple([z.string().min(2), z.number().int()]),
    kwargs: z.object({ tag: z.string() }),
    result: z.string().max(10),
  };

  it('refuses a wrong call before anything is written, naming the place', async () => {
    const app = openWorld('memory').app();
    const repeat = app.task('repeat', { kwargs: true, schema }, (text: string, times: number, _kw: { tag: string }) =>
      text.repeat(times),
    );
    await expect(repeat.submit(['a', 1.5], { kwargs: { tag: 't' } })).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      path: 'args',
      issues: [expect.objectContaining({ path: '0' }), expect.objectContaining({ path: '1' })],
    });
    await expect(repeat.submit(['ab', 1], { kwargs: {} as never })).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      path: 'kwargs',
    });
    expect(await app.queueSize('default')).toMatchObject({ waiting: 0 });
  });

  it('fails without a retry when the result does not match', async () => {
    const app = openWorld('memory').app();
    const handler = vi.fn((text: string, times: number) => text.repeat(times));
    const repeat = app.task('repeat', { schema: { result: schema.result } }, handler);
    await app.start();
    expect(await repeat.call(['ab', 2])).toBe('abab');
    expect(await (await repeat.submit(['ab', 20])).outcome()).toMatchObject({
      status: 'failed',
      error: { code: 'SCHEMA_MISMATCH' },
    });
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it('gives the handler what the schema makes of the arguments', async () => {
    const app = openWorld('memory').app();
    const when = app.task(
      'when',
      { schema: { args: z.tuple([z.coerce.date()]) } },
      (date: Date | string) => date instanceof Date,
    );
    await app.start();
    expect(await when.call(['2026-01-01'])).toBe(true);
  });

  it('takes schemas that are asynchronous', async () => {
    const app = openWorld('memory').app();
    const args = z.tuple([z.string().refine(async (name) => name !== 'taken')]);
    const claim = app.task('claim', { schema: { args } }, (name: string) => name);
    await app.start();
    expect(await claim.call(['free'])).toBe('free');
    await expect(claim.submit(['taken'])).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
  });
});
