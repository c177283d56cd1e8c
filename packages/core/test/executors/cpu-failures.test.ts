import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { AttemptTimeoutError } from '../../src/errors.js';
import { AbortSwitch } from '../../src/executors/abort-switch.js';
import { fixture, isListening, job, resultOf, runProgram, setup } from './cpu-setup.js';

const threadLost = (message: string) => ({
  status: 'failed',
  retry: 'policy',
  error: { name: 'CpuThreadLostError', code: 'CPU_THREAD_LOST', message: expect.stringContaining(message) },
});

describe('a CPU job that ends its thread fails clearly, and the next one passes', () => {
  it.each([
    ['process.exit(0)', job('exit', [0]), 'exit code 0'],
    ['process.exit(1)', job('exit', [1]), 'exit code 1'],
    ['an error in a timer', job('throwInTimer'), 'An error that no handler awaits'],
    ['null thrown in a timer', job('throwNullInTimer'), 'An error that no handler awaits'],
    ['an unhandled rejection', job('rejectUnseen'), 'An error that no handler awaits'],
  ])('after %s (EX-02)', async (_what, deadly, message) => {
    const { run } = setup();
    for (let round = 0; round < 3; round++) {
      expect(await run(deadly)).toMatchObject(threadLost(message));
      expect(resultOf(await run(job('add', [1, 1])))).toBe(2);
    }
  });

  it('and names the error that did it', async () => {
    const { run } = setup();
    expect(await run(job('throwInTimer'))).toMatchObject({
      error: { cause: { name: 'RangeError', message: 'thrown in a timer' } },
    });
    expect(await run(job('rejectUnseen'))).toMatchObject({
      error: { cause: { name: 'RangeError', message: 'nobody awaits me' } },
    });
  });

  it('after the heap ran out of memory (EX-02)', async () => {
    const { ends, exitCode } = await runProgram([job('exhaustMemory'), job('add', [1, 1])], {
      nodeArgs: ['--import', 'tsx', '--max-old-space-size=48'],
    });
    expect(ends[0]).toMatchObject(threadLost('ran out of memory'));
    expect(ends[0]).toMatchObject({ error: { cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' } } });
    expect(resultOf(ends[1])).toBe(2);
    expect(exitCode).toBe(0);
  });

  it('and does not hurt the job in another thread', async () => {
    const { run } = setup({ threads: 2 });
    const go = join(await temporaryFolder(), 'go');
    const neighbour = run(job('waitForFile', [go]));
    for (const deadly of [job('exit', [1]), job('throwInTimer'), job('rejectUnseen')]) await run(deadly);
    await writeFile(go, '');
    expect(resultOf(await neighbour)).toBe('seen');
  });

  it('and a rejection left behind fails the job that left it, not the next', async () => {
    const { run } = setup();
    expect(await run(job('leaveRejectionBehind'))).toMatchObject({
      error: { code: 'CPU_THREAD_LOST', cause: { message: 'left behind' } },
    });
    expect(resultOf(await run(job('add', [1, 1])))).toBe(2);
  });

  it('and an error left behind ends the idle thread with a warning', async () => {
    const { run, lines } = setup();
    expect(resultOf(await run(job('leaveTimerBehind')))).toBe('done');
    await vi.waitFor(
      () => expect(lines).toMatchObject([{ level: 'warn', data: { err: { message: 'left behind in a timer' } } }]),
      { timeout: 10_000 },
    );
    expect(resultOf(await run(job('add', [1, 1])))).toBe(2);
  });

  it.each(['throw', 'exit'])('although the thread dies before it runs anything (by %s)', async (how) => {
    const { ends, exitCode } = await runProgram([job('add', [1, 1]), job('add', [1, 1])], {
      nodeArgs: ['--import', 'tsx', '--import', fixture('cpu-broken-preload.mjs')],
      env: { PRELOAD_ENDS_BY: how },
    });
    const expected = threadLost(how === 'exit' ? 'exit code 3' : 'could not start');
    expect(ends).toMatchObject([expected, expected]);
    expect(exitCode).toBe(0);
  });
});

describe('an aborted CPU job', () => {
  it('is ended in an endless loop, while the event loop of the process goes on (EX-03)', async () => {
    const { run } = setup();
    const stop = new AbortSwitch();
    let port = 0;
    const running = run(job('spin'), { run: stop, onProgress: (json) => (port = JSON.parse(json)) });
    await vi.waitFor(() => expect(port).toBeGreaterThan(0), { timeout: 10_000 });

    let ticks = 0;
    const ticker = setInterval(() => ticks++, 1);
    onTestFinished(() => clearInterval(ticker));
    await vi.waitFor(() => expect(ticks).toBeGreaterThan(20), { timeout: 10_000 });
    expect(await isListening(port)).toBe(true);

    stop.abort(new AttemptTimeoutError(500));
    const ticksAtAbort = ticks;
    expect(await running).toMatchObject({ status: 'failed', retry: 'policy', error: { code: 'TASK_TIMEOUT' } });
    await vi.waitFor(async () => expect(await isListening(port)).toBe(false), { timeout: 10_000 });
    // A ticker of 1 ms cannot tick more often in a second.
    expect(ticks - ticksAtAbort).toBeLessThan(1000);
    expect(resultOf(await run(job('add', [1, 1])))).toBe(2);
  });

  it('never starts when it was aborted before', async () => {
    const { run } = setup();
    const stop = new AbortSwitch();
    stop.abort(new AttemptTimeoutError(1));
    expect(await run(job('add', [1, 1]), { run: stop })).toMatchObject({ error: { code: 'TASK_TIMEOUT' } });
  });

  it('ends while its thread starts, and the next one passes', async () => {
    const { run } = setup();
    await run(job('exit', [0])); // Piscina is loaded, the thread is not there.
    const stop = new AbortSwitch();
    const running = run(job('wait'), { run: stop });
    stop.abort(new AttemptTimeoutError(1));
    expect(await running).toMatchObject({ error: { code: 'TASK_TIMEOUT' } });
    expect(resultOf(await run(job('add', [1, 1])))).toBe(2);
  });

  it('leaves the next one alone when it is aborted after its end', async () => {
    const { run } = setup();
    const stop = new AbortSwitch();
    await run(job('add', [1, 1]), { run: stop });
    const next = run(job('add', [1, 2]));
    stop.abort(new AttemptTimeoutError(1));
    expect(resultOf(await next)).toBe(3);
  });
});

describe('what a CPU handler throws becomes a readable failure', () => {
  it.each([
    ['string', 'Thrown: just text'],
    ['undefined', 'Thrown: undefined'],
    ['function', 'Thrown: function thrown() {}'],
    ['symbol', 'Thrown: Symbol(thrown)'],
    ['cycle', 'Thrown: [object Object]'],
    ['getter', '(reading message failed)'],
    ['otherRealm', 'of another realm'],
    ['uncloneable', 'carries a function'],
    ['chain', 'level 49'],
  ])('%s', async (kind, message) => {
    const { run } = setup();
    expect(await run(job('fail', [kind]))).toMatchObject({ status: 'failed', retry: 'policy', error: { message } });
  });

  it('even when reading it throws', async () => {
    const { run } = setup();
    expect(await run(job('fail', ['revoked']))).toMatchObject({
      status: 'failed',
      retry: 'policy',
      error: { name: 'NonErrorThrown' },
    });
  });

  it('and steers its retries', async () => {
    const { run } = setup();
    expect(await run(job('fail', ['permanent']))).toMatchObject({ retry: 'never', error: { code: 'PERMANENT' } });
    expect(await run(job('fail', ['later']))).toMatchObject({ retry: { after: 5000 } });
  });
});

describe('the result of a CPU handler', () => {
  it.each([
    ['function', 'result.callback is a function'],
    ['bigint', 'result.rows[0] is a bigint'],
    ['cycle', 'result.list[0] is part of a cycle'],
    ['stream', 'result.body is a ReadStream'],
  ])('that is or holds a %s fails with its path, without another attempt (EX-04)', async (kind, message) => {
    const { run } = setup();
    const error = { name: 'SerializationError', code: 'NOT_SERIALIZABLE', message: expect.stringContaining(message) };
    expect(await run(job('badResult', [kind]))).toMatchObject({ status: 'failed', retry: 'never', error });
  });

  it('whose getter throws fails, with that error as the cause', async () => {
    const { run } = setup();
    expect(await run(job('badResult', ['getter']))).toMatchObject({
      status: 'failed',
      retry: 'never',
      error: { code: 'NOT_SERIALIZABLE', cause: { message: 'the getter threw' } },
    });
  });

  it('that is undefined is null', async () => {
    const { run } = setup();
    expect(await run(job('nothing'))).toEqual({ status: 'success', resultJson: 'null' });
  });

  it('may be as large as its limit, and no larger (SE-05)', async () => {
    const { run } = setup();
    expect(resultOf(await run(job('text', [8], { maxPayloadBytes: 10 })))).toBe('xxxxxxxx');
    expect(await run(job('text', [9], { maxPayloadBytes: 10 }))).toMatchObject({
      retry: 'never',
      error: { code: 'PAYLOAD_TOO_LARGE' },
    });
  });
});

describe('arguments that cannot be copied into a thread', () => {
  it('fail the job and leave the thread as it was', async () => {
    const { run } = setup();
    // What a schema makes of JSON may be anything, whatever the type says.
    const args = [() => 1] as unknown as [];
    expect(await run(job('received', args))).toMatchObject({ status: 'failed', error: { name: 'DataCloneError' } });
    expect(resultOf(await run(job('add', [1, 1])))).toBe(2);
  });
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flowrra-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}
