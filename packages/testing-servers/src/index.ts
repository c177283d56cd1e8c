export { type RedisServer, type StartRedisOptions, startRedis } from './start-redis.js';
