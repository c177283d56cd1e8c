import { expect, inject, it } from 'vitest';
import { redisForTests } from '../src/vitest-redis.js';

it('gives every test file the URL of the one Redis of the run', () => {
  expect(redisForTests()).toBe(process.env.REDIS_URL || inject('redisUrl'));
  expect(redisForTests()).toMatch(/^(rediss?|unix):\/\//);
});
