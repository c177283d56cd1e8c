import { InMemoryBackend, InMemoryBroker } from '@flowrra/backend-memory';
import { Flowrra } from '@flowrra/core';

const app = new Flowrra({ backend: new InMemoryBackend({ ttl: '1h' }), broker: new InMemoryBroker({ maxCrashes: 5 }) });
await app.start();
await app.stop();
