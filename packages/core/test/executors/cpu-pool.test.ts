import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CancelRequestedError } from '../../src/errors.js';
import { AbortSwitch } from '../../src/executors/abort-switch.js';
import { isListening, job, resultOf, runProgram, setup } from './cpu-setup.js';

describe('a CPU job', () => {
  it('gives the result of its handler, awaited, as JSON', async () => {
    const { run } = setup();
    expect(await run(job('add', [2, 3]))).toEqual({ status: 'success', resultJson: '5' });
    expect(resultOf(await run(job('addAsync', ['a', 'b'])))).toBe('ab');
  });

  it('passes keyword arguments last, and only when there are some', async () => {
    const { run } = setup();
    expect(resultOf(await run(job('received', [1, { deep: [null] }], { kwargs: { fast: true } })))).toBe(
      '[ 1, { deep: [ null ] }, { fast: true } ]',
    );
    expect(resultOf(await run(job('received', [1])))).toBe('[ 1 ]');
  });

  it('shows the handler its context, whose signal does not abort', async () => {
    const { run } = setup();
    const expected = { id: 'id-1', name: 'a.task', queue: 'default', attempt: 2, fence: 3, aborted: false };
    expect(resultOf(await run(job('context')))).toEqual(expected);
  });

  it('runs beside as many others as there are threads', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flowrra-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { run } = setup({ threads: 2 });
    const waiting = run(job('waitForFile', [join(folder, 'go')]));
    expect(resultOf(await run(job('add', [1, 1])))).toBe(2);
    await writeFile(join(folder, 'go'), '');
    expect(resultOf(await waiting)).toBe('seen');
  });

  it('beyond the free threads is a mistake of the caller', async () => {
    const { run } = setup();
    const stop = new AbortSwitch();
    const first = run(job('wait'), { run: stop });
    await expect(run(job('add', [1, 1]))).rejects.toThrow('All 1 CPU threads are taken');
    stop.abort(new CancelRequestedError());
    await first;
    expect(resultOf(await run(job('add', [1, 1])))).toBe(2);
  });
});

describe('progress of a CPU job', () => {
  it('arrives while the job runs', async () => {
    const { run } = setup();
    const stop = new AbortSwitch();
    const end = await run(job('wait'), {
      run: stop,
      onProgress: () => stop.abort(new CancelRequestedError()),
    });
    expect(end).toMatchObject({ status: 'failed', error: { code: 'TASK_CANCELLED' } });
  });

  it('is merged when frequent, and ends with the last report before the job ends', async () => {
    const { run } = setup();
    const reports: string[] = [];
    await run(job('reportProgress', [1000]), { onProgress: (json) => reports.push(json) });
    expect(reports[0]).toBe('{"done":1,"steps":1000}');
    expect(reports.at(-1)).toBe('{"done":1000,"steps":1000}');
    expect(reports.length).toBeLessThan(1000);
  });

  it('that was merged away follows a moment later, though the handler says nothing more', async () => {
    const { run } = setup();
    const stop = new AbortSwitch();
    const reports: string[] = [];
    const running = run(job('reportTwice'), { run: stop, onProgress: (json) => reports.push(json) });
    await vi.waitFor(() => expect(reports).toEqual(['1', '2']), { timeout: 10_000 });
    stop.abort(new CancelRequestedError());
    await running;
  });

  it('that is no JSON is an error in the handler', async () => {
    const { run } = setup();
    expect(await run(job('reportNonsense'))).toMatchObject({
      error: { code: 'NOT_SERIALIZABLE', message: expect.stringContaining('progress is a bigint') },
    });
  });
});

describe('a log line of a CPU job', () => {
  it('reaches the logger with the id and name of the task', async () => {
    const { run, lines } = setup();
    await run(job('log'));
    await vi.waitFor(() => expect(lines).toHaveLength(4));
    const fields = { taskId: 'id-1', taskName: 'a.task' };
    expect(lines[0]).toEqual({ level: 'debug', data: fields, message: 'a detail' });
    expect(lines[1]).toEqual({ level: 'warn', data: { ...fields, rows: 3 }, message: 'look here' });
    expect(lines[2]).toMatchObject({ level: 'error', data: { ...fields, err: { message: 'inside' } } });
  });

  it('is written as text when its data cannot leave the thread', async () => {
    const { run, lines } = setup();
    expect(resultOf(await run(job('log')))).toBeNull();
    await vi.waitFor(() => expect(lines).toHaveLength(4));
    expect(lines[3]).toMatchObject({
      level: 'info',
      data: { taskId: 'id-1', data: expect.stringContaining('callback') },
    });
  });
});

describe('closing the pool', () => {
  it('ends the jobs under way, any number of times', async () => {
    const { pool, run } = setup({ threads: 2 });
    const jobs = [run(job('wait')), run(job('wait'))];
    const closings = [pool.close(), pool.close()];
    const stopped = { status: 'failed', retry: 'policy', error: { code: 'WORKER_STOPPING' } };
    expect(await Promise.all(jobs)).toMatchObject([stopped, stopped]);
    await Promise.all(closings);
    await pool.close();
  });

  it('has ended every thread when it resolves, busy or idle', async () => {
    const { pool, run } = setup({ threads: 2 });
    const ports: number[] = [];
    void run(job('spin'), { onProgress: (json) => ports.push(JSON.parse(json)) });
    ports.push(Number(resultOf(await run(job('listen')))));
    await vi.waitFor(() => expect(ports).toHaveLength(2), { timeout: 10_000 });
    expect(await Promise.all(ports.map(isListening))).toEqual([true, true]);
    await pool.close();
    expect(await Promise.all(ports.map(isListening))).toEqual([false, false]);
  });

  it('lets no job in afterwards', async () => {
    const { pool, run } = setup();
    await pool.close();
    expect(await run(job('add', [1, 1]))).toMatchObject({ status: 'failed', error: { code: 'STOPPED' } });
  });
});

describe('a process with a pool', () => {
  it('loads piscina at the first job only', async () => {
    const { lines } = await runProgram([job('add', [1, 1])]);
    expect([lines[0], lines.at(-1)]).toEqual([{ piscinaIsLoaded: false }, { piscinaIsLoaded: true }]);
  });

  it('ends by itself after close', async () => {
    const { exitCode, ends, stderr } = await runProgram([job('add', [1, 1])]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(resultOf(ends[0])).toBe(2);
  });

  it('is not kept alive by threads that idle', async () => {
    const { exitCode, ends } = await runProgram([job('add', [1, 1])], { close: false });
    expect(exitCode).toBe(0);
    expect(resultOf(ends[0])).toBe(2);
  });
});
