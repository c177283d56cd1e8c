export { type Link, type LinkMode, openLink } from './link.js';
export type { PrivateServer } from './private-server.js';
export { type MariadbServer, type StartMariadbOptions, startMariadb } from './start-mariadb.js';
export { type PostgresServer, type StartPostgresOptions, startPostgres } from './start-postgres.js';
export { type RedisServer, type StartRedisOptions, startRedis } from './start-redis.js';
