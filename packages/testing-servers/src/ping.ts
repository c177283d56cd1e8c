import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisAddress } from './redis-config.js';

const HOST = '127.0.0.1';

/** Whether Redis answers. That it wants a login first is an answer; that it still loads its data is not. */
export function redisAnswers({ port, socketPath, tls }: RedisAddress): Promise<boolean> {
  const socket = tls
    ? connectTls({ host: HOST, port, ca: tls.ca })
    : socketPath
      ? connect(socketPath)
      : connect(port, HOST);
  socket.write('PING\r\n');
  return firstReply(socket, (reply) => /^(\+PONG|-NOAUTH|-NOPERM)/.test(reply.toString()));
}

/** Whether PostgreSQL lets somebody begin to log in; while it starts or recovers, it answers with an error. */
export function postgresAnswers(port: number): Promise<boolean> {
  const wanted = Buffer.from('user\0postgres\0database\0postgres\0\0');
  const header = Buffer.alloc(8);
  header.writeInt32BE(header.length + wanted.length, 0);
  const protocol3 = 3 << 16;
  header.writeInt32BE(protocol3, 4);
  const socket = connect(port, HOST);
  socket.write(Buffer.concat([header, wanted]));
  return firstReply(socket, (reply) => reply.toString('latin1', 0, 1) === 'R');
}

/** Whether MariaDB greets; an error instead of its protocol's version (10) is none. */
export function mariadbAnswers(port: number): Promise<boolean> {
  return firstReply(connect(port, HOST), (reply) => reply[4] === 10);
}

function firstReply(socket: Socket, good: (reply: Buffer) => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.once('data', (reply) => settle(good(reply)));
  });
}

/** A port that was free a moment ago; somebody else may take it before the server does. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, HOST, () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
