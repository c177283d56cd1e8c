import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';

const app = new Flowrra();
const scheduler = new Scheduler(app, { backend: 'sqlite::memory:', retention: { age: '90d', count: 10_000 } });
await app.start();

const server = createServer((_request, response) => {
  const { firing, lastRound, error } = scheduler.health();
  response.writeHead(firing ? 200 : 503).end(JSON.stringify({ lastRound, error: error?.message }));
}).listen(0);
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
console.log((await fetch(`http://localhost:${port}`)).status); // 200

server.close();
await app.stop();
