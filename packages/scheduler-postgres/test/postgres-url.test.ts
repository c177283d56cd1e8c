import { InvalidUrlError } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import { PostgreSQLSchedulerBackend, schedulerProvider } from '../src/index.js';
import { parsePostgresUrl } from '../src/postgres-url.js';

function refusal(url: string): Error {
  try {
    parsePostgresUrl(url);
  } catch (err) {
    expect(err).toBeInstanceOf(InvalidUrlError);
    return err as Error;
  }
  return expect.unreachable(`${url} should have been refused.`);
}

describe('a PostgreSQL address', () => {
  it('says user, password, host, port and database, decoded', () => {
    expect(parsePostgresUrl('postgresql://al%40ice:p%2Fa%3Fss@db.example:6543/my%20app')).toEqual({
      user: 'al@ice',
      password: 'p/a?ss',
      host: 'db.example',
      port: 6543,
      database: 'my app',
      application_name: 'flowrra-scheduler',
    });
  });

  it('may be short', () => {
    expect(parsePostgresUrl('postgres:///app')).toMatchObject({ host: 'localhost', port: 5432, database: 'app' });
    expect(parsePostgresUrl('postgresql://[::1]/app')).toMatchObject({ host: '::1', port: 5432 });
    expect(parsePostgresUrl('postgresql://me@/app?host=/run/postgresql')).toMatchObject({
      host: '/run/postgresql',
      user: 'me',
    });
  });

  it('can ask for TLS, which always verifies the server, or for none (DA-11)', () => {
    for (const mode of ['require', 'verify-full']) {
      expect(parsePostgresUrl(`postgresql://db/app?sslmode=${mode}`).ssl).toEqual({ rejectUnauthorized: true });
    }
    expect(parsePostgresUrl('postgresql://db/app?sslmode=disable').ssl).toBe(false);
    expect(parsePostgresUrl('postgresql://db/app')).not.toHaveProperty('ssl');
  });

  it.each([
    ['sslmode=no-verify', 'sslmode'],
    ['sslmode=prefer', 'sslmode'],
    ['sslrootcert=/etc/passwd', 'sslrootcert'],
    ['ssl=true', 'ssl'],
    ['options=-c%20search_path%3Devil', 'options'],
    ['host=elsewhere.example', 'host'],
    ['sslmode=disable&sslmode=require', 'sslmode'],
    ['__proto__=1', '__proto__'],
  ])('is refused with the parameter %s, which is named (DA-11)', (query, name) => {
    const { message } = refusal(`postgresql://me:hunter2@db/app?${query}`);
    expect(message).toContain(`"${name}"`);
    expect(message).not.toContain('hunter2');
  });

  it.each([
    ['postgresql://db'],
    ['postgresql://db/'],
    ['postgresql://db:port/app'],
    ['postgresql://db:99999/app'],
    ['postgresql://a,b/app'.replace(',', ' ')],
    ['postgresql://db/app/more'],
    ['postgresql://me:hunter2/secret@db/app'],
    ['postgresql://me:hunter2?secret@db/app'],
    ['postgresql://me:hunter2#secret@db/app'],
    ['postgresql://me:123/hunter2@db'],
    ['postgresql://me:123/app?hunter2@db/app'],
    ['postgresql://me:hunter2%@db/app'],
    ['postgresql://me:hunter2%00@db/app'],
    ['mysql://me:hunter2@db/app'],
    ['hunter2'],
  ])('is refused as %s, without showing the password (DA-08)', (url) => {
    expect(refusal(url).message).toMatch(/^The PostgreSQL address .*\. Write it as in postgresql:/);
    expect(refusal(url).message).not.toMatch(/hunter2|secret/);
  });
});

describe('the constructor', () => {
  it('opens nothing', () => {
    expect(schedulerProvider.createSchedulerBackend('postgresql://127.0.0.1:1/app')).toBeInstanceOf(
      PostgreSQLSchedulerBackend,
    );
  });

  it('names what is wrong about options and target, such as a prefix that is SQL (SQ-11)', () => {
    const url = 'postgresql://db/app';
    const make = (target: unknown, options?: object) => () => new PostgreSQLSchedulerBackend(target as string, options);
    expect(make(url, { pool: 1 })).toThrow(/no option "pool"\. Known: .*poolSize/);
    expect(make(url, { poolSize: 0 })).toThrow(/poolSize must be an integer/);
    expect(make(url, { tablePrefix: "x'; drop table y;--" })).toThrow(/tablePrefix must be/);
    expect(make({})).toThrow(/target must be a postgresql: address/);
    expect(make(null)).toThrow(/target must be a postgresql: address/);
  });
});
