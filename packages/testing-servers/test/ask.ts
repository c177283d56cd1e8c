import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisServer } from '../src/index.js';

/** Sends inline commands over one connection and returns their replies as they came, a line each. */
export function ask({ port, socketPath, tls }: RedisServer, ...commands: string[]): Promise<string> {
  const host = '127.0.0.1';
  const socket = tls ? connectTls({ host, port, ca: tls.ca }) : socketPath ? connect(socketPath) : connect(port, host);
  return new Promise((resolve, reject) => {
    let replies = '';
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      replies += chunk;
      if (replies.split('\r\n').length <= commands.length) return;
      socket.destroy();
      resolve(replies);
    });
    socket.write(commands.map((command) => `${command}\r\n`).join(''));
  });
}
