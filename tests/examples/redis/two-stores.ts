import { RedisBackend, RedisBroker } from '@flowrra/backend-redis';

export const backend = new RedisBackend('redis://localhost:6379/0', { ttl: '1h' });
export const broker = new RedisBroker('redis://localhost:6379/0', { maxQueueSize: 10_000 });
