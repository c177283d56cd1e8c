import { describe, expect, it } from 'vitest';
import { openWorld, STORES } from '../../support/world.js';

describe.each(STORES)('a result that is gone from %s', (stores) => {
  it('is not waited for by whoever submitted its task, without limit or with one', async () => {
    const world = openWorld(stores);
    const app = world.app();
    const add = app.task('add', (a: number, b: number) => a + b);
    await app.start();
    const handles = await add.submitMany([
      [1, 2],
      [3, 4],
    ]);
    await Promise.all(handles.map((handle) => handle.result()));
    await world.clearResults();
    const gone = { code: 'RESULT_NOT_FOUND', message: expect.stringContaining('lost') };
    for (const handle of handles) await expect(handle.result()).rejects.toMatchObject({ ...gone, taskId: handle.id });
    await expect(handles[0]?.outcome({ timeout: '1h' })).rejects.toMatchObject(gone);
    // An id from elsewhere may be one that is submitted in a moment.
    await expect(app.handle(add, 'not-yet').result({ timeout: 20 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
  });
});
