import { connect, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisAddress } from './redis-config.js';

/** Whether the server answers. That it wants a login first is an answer; that it still loads its data is not. */
export function ping({ port, socketPath, tls }: RedisAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const host = '127.0.0.1';
    const socket = tls
      ? connectTls({ host, port, ca: tls.ca })
      : socketPath
        ? connect(socketPath)
        : connect(port, host);
    const settle = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.once('data', (reply) => settle(/^(\+PONG|-NOAUTH|-NOPERM)/.test(reply.toString())));
    socket.write('PING\r\n');
  });
}

/** A port that was free a moment ago; somebody else may take it before the server does. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
