import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openWorld } from '../../support/world.js';

describe('run', () => {
  it('serves until its signal aborts, then stops the app', async () => {
    const app = openWorld('memory').app();
    const add = app.task('add', (a: number, b: number) => a + b);
    const controller = new AbortController();
    const running = app.run({ signal: controller.signal });
    await app.start();
    expect(await add.call([1, 2])).toBe(3);
    controller.abort();
    await running;
    await expect(add.submit([1, 2])).rejects.toMatchObject({ code: 'STOPPED' });
    expect(process.listenerCount('SIGTERM')).toBe(0);
  });

  it('leaves nothing open when it cannot start', async () => {
    const program = `
      import { Flowrra } from '@flowrra/core';
      const app = new Flowrra({ url: 'redis://127.0.0.1:1' });
      app.task('work', () => 1);
      await app.run().catch((err) => console.log(err.code));`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'STORE_UNAVAILABLE\n' });
  });

  it('serves many queues without a warning about listeners', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const queues = Array.from({ length: 30 }, (_, i) => `queue-${i}`);
    const app = openWorld('memory').app({ executor: { queues } });
    const name = app.task('name', (queue: string) => queue);
    await app.start();
    const { signal } = new AbortController();
    const handles = await Promise.all(queues.map((queue) => name.submit([queue], { queue, delay: '20ms' })));
    expect(await Promise.all(handles.map((handle) => handle.result({ signal })))).toEqual(queues);
    await app.stop();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});
