import { CPUExecutor, type CpuCode, defineTask, IOExecutor } from '@flowrra/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import type * as handlers from '../../fixtures/cpu-handlers.mjs';

const module = new URL('../../fixtures/cpu-handlers.mjs', import.meta.url);

describe('an executor by itself', () => {
  it('runs I/O tasks in memory without any configuration', async () => {
    const executor = new IOExecutor({ executor: { ioWorkers: 4 } });
    onTestFinished(() => executor.stop());
    const add = executor.task('add', async (a: number, b: number) => a + b);
    await executor.start();
    const handle = await executor.submit(add, [1, 2]);
    expect(await handle.result({ timeout: '5s' })).toBe(3);
  });

  it('runs CPU tasks in threads', async () => {
    const executor = new CPUExecutor({ executor: { cpuWorkers: 1 } });
    onTestFinished(() => executor.stop());
    const fibonacci = executor.cpuTask<typeof handlers.fibonacci>('fibonacci', { module, export: 'fibonacci' });
    await executor.start();
    expect(await fibonacci.call([20])).toBe(6765);
  });

  it('refuses a contract of the other kind, which it would never run', () => {
    const refused = (kind: string) =>
      expect.objectContaining({ code: 'INVALID_CONFIG', option: 'kind', message: expect.stringContaining(kind) });
    const [io, cpu] = [defineTask('io'), defineTask('cpu', { kind: 'cpu' })];
    expect(() => new IOExecutor().implement(cpu, () => 1)).toThrow(refused('"cpu" is a CPU task'));
    expect(() => new CPUExecutor().implement(io, { module })).toThrow(refused('"io" is an I/O task'));
  });

  it('makes tasks of its own kind only, and refuses an option `kind`', () => {
    const refused = expect.objectContaining({ code: 'INVALID_CONFIG', option: 'kind' });
    for (const kind of ['io', 'cpu']) {
      expect(() => new IOExecutor().task('a', { kind } as object, () => 1)).toThrow(refused);
      expect(() => new CPUExecutor().cpuTask<() => void>('a', { kind, module } as CpuCode)).toThrow(refused);
    }
  });

  it('refuses options that do not exist', () => {
    expect(() => new IOExecutor({ ioWorkers: 4 } as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', option: 'ioWorkers' }),
    );
  });
});
