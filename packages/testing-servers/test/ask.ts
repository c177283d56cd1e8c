import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisServer } from '../src/index.js';

type Address = Pick<RedisServer, 'port' | 'socketPath' | 'tls'>;

/** Sends inline commands over one connection and returns their replies as they came. */
export function ask({ port, socketPath, tls }: Address, ...commands: string[]): Promise<string> {
  const host = '127.0.0.1';
  const socket = tls ? connectTls({ host, port, ca: tls.ca }) : socketPath ? connect(socketPath) : connect(port, host);
  return new Promise((resolve, reject) => {
    let replies = '';
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('The server closed the connection.')));
    socket.on('data', (chunk) => {
      replies += chunk;
      // Enough for replies of one line; a longer one, such as that of CONFIG GET, comes in one piece.
      if (replies.split('\r\n').length <= commands.length) return;
      socket.destroy();
      resolve(replies);
    });
    socket.write(commands.map((command) => `${command}\r\n`).join(''));
  });
}
