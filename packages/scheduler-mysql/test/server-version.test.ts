import { startMariadb } from '@flowrra/testing-servers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkVersion } from '../src/server-version.js';
import { World } from './world.js';

describe('the version of the server', () => {
  it.each([
    ['8.0.17', 'MySQL'],
    ['8.4.3', 'MySQL'],
    ['9.1.0-commercial', 'MySQL'],
    ['8.0.36-28', 'MySQL'],
    ['10.6.0-MariaDB', 'MariaDB'],
    ['10.11.6-MariaDB-0+deb12u1', 'MariaDB'],
    ['5.5.5-10.6.12-MariaDB-log', 'MariaDB'],
    ['11.4.2-MariaDB-ubu2404', 'MariaDB'],
  ])('%s is good', (version, engine) => {
    expect(checkVersion(version, 'MySQL')).toBe(engine);
  });

  it.each([
    ['5.7.44'],
    ['8.0.16'],
    ['10.5.29-MariaDB'],
    ['5.5.5-10.5.8-MariaDB'],
    ['5.5.68-MariaDB'],
    ['8.0.11-TiDB-v7.5.0'],
    ['who knows'],
  ])('%s is refused', (version) => {
    expect(() => checkVersion(version, 'MySQL at db:3306/app')).toThrow(/^MySQL at db:3306\/app is .*\. (Upgrade|Use)/);
  });

  it('is asked before anything is written (SQ-04)', async () => {
    const server = await startMariadb({ extraConfig: ['version = 10.5.9-MariaDB'] });
    onTestFinished(() => server.stop());
    const world = new World(server.url);
    const backend = world.backend();
    await expect(backend.listAll()).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringContaining('older than MariaDB 10.6'),
    });
    await backend.close();
    expect(await world.query('show tables')).toEqual([]);
  });
});
