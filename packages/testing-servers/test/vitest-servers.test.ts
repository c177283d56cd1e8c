import { expect, inject, it } from 'vitest';
import { mysqlForTests } from '../src/vitest-mysql.js';
import { postgresForTests } from '../src/vitest-postgres.js';
import { redisForTests } from '../src/vitest-redis.js';

it('gives every test file the URL of the one Redis of the run', () => {
  expect(redisForTests()).toBe(process.env.REDIS_URL || inject('redisUrl'));
  expect(redisForTests()).toMatch(/^(rediss?|unix):\/\//);
});

it('gives every test file the URL of the one PostgreSQL of the run', () => {
  expect(postgresForTests()).toBe(process.env.POSTGRES_URL || inject('postgresUrl'));
  expect(postgresForTests()).toMatch(/^postgres(ql)?:\/\//);
});

it('gives every test file the URL of the one MySQL or MariaDB of the run', () => {
  expect(mysqlForTests()).toBe(process.env.MYSQL_URL || inject('mysqlUrl'));
  expect(mysqlForTests()).toMatch(/^(mysql|mariadb):\/\//);
});
