import { InvalidUrlError } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import { MySQLSchedulerBackend, schedulerProvider } from '../src/index.js';
import { parseMySQLUrl } from '../src/mysql-url.js';

function refusal(url: string): Error {
  try {
    parseMySQLUrl(url);
  } catch (err) {
    expect(err).toBeInstanceOf(InvalidUrlError);
    return err as Error;
  }
  return expect.unreachable(`${url} should have been refused.`);
}

describe('a MySQL address', () => {
  it('says user, password, host, port and database, decoded', () => {
    expect(parseMySQLUrl('mysql://al%40ice:p%2Fa%3Fss@db.example:3307/app')).toEqual({
      user: 'al@ice',
      password: 'p/a?ss',
      host: 'db.example',
      port: 3307,
      database: 'app',
    });
  });

  it('may be short, and call itself MariaDB', () => {
    expect(parseMySQLUrl('mariadb:///app')).toEqual({ host: 'localhost', port: 3306, database: 'app' });
    expect(parseMySQLUrl('mysql://me@/app?socket=/run/mysqld/mysqld.sock')).toMatchObject({
      socketPath: '/run/mysqld/mysqld.sock',
    });
  });

  it('can ask for TLS, which always verifies the server (DA-11)', () => {
    expect(parseMySQLUrl('mysql://db/app?ssl=true').ssl).toEqual({ rejectUnauthorized: true });
    expect(parseMySQLUrl('mysql://db/app?ssl=false')).not.toHaveProperty('ssl');
  });

  it.each([
    ['multipleStatements=true', 'multipleStatements'],
    ['flags=+LOCAL_FILES', 'flags'],
    ['ssl={"rejectUnauthorized":false}', 'ssl'],
    ['ssl=Amazon%20RDS', 'ssl'],
    ['debug=true', 'debug'],
    ['typeCast=false', 'typeCast'],
    ['ssl=true&ssl=false', 'ssl'],
    ['__proto__=1', '__proto__'],
  ])('is refused with the parameter %s, which is named (DA-11)', (query, name) => {
    const { message } = refusal(`mysql://me:hunter2@db/app?${query}`);
    expect(message).toContain(`"${name}"`);
    expect(message).not.toContain('hunter2');
  });

  it.each([
    ['mysql://db'],
    ['mysql://db:port/app'],
    ['mysql://me:hunter2/secret@db/app'],
    ['mysql://me:hunter2?secret@db/app'],
    ['mysql://me:123/hunter2@db'],
    ['mysql://me:123/app?hunter2@db/app'],
    ['mysql://me:hunter2%@db/app'],
    ['postgresql://me:hunter2@db/app'],
  ])('is refused as %s, without showing the password (DA-08)', (url) => {
    expect(refusal(url).message).toMatch(/^The MySQL address .*\. Write it as in mysql:/);
    expect(refusal(url).message).not.toMatch(/hunter2|secret/);
  });
});

describe('the constructor', () => {
  it('opens nothing', () => {
    expect(schedulerProvider.createSchedulerBackend('mariadb://127.0.0.1:1/app')).toBeInstanceOf(MySQLSchedulerBackend);
  });

  it('names what is wrong about options and target, such as a prefix that is SQL (SQ-11)', () => {
    const make = (target: unknown, options?: object) => () => new MySQLSchedulerBackend(target as string, options);
    expect(make('mysql://db/app', { pool: 1 })).toThrow(/no option "pool"\. Known: .*poolSize/);
    expect(make('mysql://db/app', { poolSize: 0 })).toThrow(/poolSize must be an integer/);
    expect(make('mysql://db/app', { tablePrefix: "x'; drop table y;--" })).toThrow(/tablePrefix must be/);
    expect(make('mysql://db/app', { clock: 0 })).toThrow(/clock must be a Clock/);
    expect(make({})).toThrow(/target must be a mysql: or mariadb: address/);
    expect(make(null)).toThrow(/target must be a mysql: or mariadb: address/);
  });
});
