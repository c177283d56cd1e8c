import { once } from 'node:events';
import { connect } from 'node:net';
import { openLink, type RedisServer, startRedis } from '@flowrra/testing-servers';
import { expect, onTestFinished, vi } from 'vitest';

const SOON = { timeout: 15_000, interval: 20 };

/**
 * Sends one command as an operator would type it.
 * @returns the reply as it came; empty when the server ends instead, as it is told by SHUTDOWN
 * @throws an Error with the server's refusal
 */
export async function order({ port }: Pick<RedisServer, 'port'>, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${command}\r\n`);
  const [reply] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [Buffer | boolean];
  socket.destroy();
  if (!Buffer.isBuffer(reply)) return '';
  if (reply.toString().startsWith('-')) throw new Error(`${command}: ${reply}`);
  return reply.toString();
}

/** How far a server has come in what it writes for its replicas, or reads from its primary. */
async function offsetOf(server: RedisServer): Promise<number> {
  const information = await order(server, 'INFO replication');
  const key = information.includes('role:master') ? 'master_repl_offset' : 'slave_repl_offset';
  return Number(new RegExp(`${key}:(\\d+)`).exec(information)?.[1]);
}

/**
 * A primary and its replica. Clients come by a link, as by a name that is given to the replica when it is promoted. The
 * replica follows by a link of its own, so that a test decides what has been replicated when the primary dies.
 */
export async function replicatedRedis() {
  const primary = await startRedis({ extraConfig: ['repl-diskless-sync-delay 0'] });
  onTestFinished(() => primary.stop());
  const [link, replication] = [await openLink(primary), await openLink(primary)];
  onTestFinished(() => Promise.all([link.close(), replication.close()]).then(() => {}));
  const replica = await startRedis({ extraConfig: [`replicaof 127.0.0.1 ${replication.port}`] });
  onTestFinished(() => replica.stop());
  const replicated = async (): Promise<void> => {
    const written = await offsetOf(primary);
    await vi.waitFor(async () => {
      expect(await order(replica, 'INFO replication')).toContain('master_link_status:up');
      expect(await offsetOf(replica)).toBeGreaterThanOrEqual(written);
    }, SOON);
  };
  await replicated();
  return {
    url: `redis://127.0.0.1:${link.port}`,
    primary,
    replica,
    /** Waits until the replica has all that was written by now. */
    replicated,
    /** From now on the replica gets nothing. */
    stopReplication: () => replication.set({ kind: 'blackhole' }),
    /** The primary dies, and the replica takes its place and name. */
    async failOver(): Promise<void> {
      await primary.kill('SIGKILL');
      await order(replica, 'REPLICAOF NO ONE');
      link.retarget(replica);
    },
  };
}
