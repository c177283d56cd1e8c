import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { chown, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../programs.mjs';
import { freePort, postgresAnswers } from './ping.js';
import { type PrivateServer, startPrivateServer } from './private-server.js';
import type { ServerCommand } from './server-process.js';

export interface StartPostgresOptions {
  /** Whether commits reach the disk before they are confirmed. Default false: nothing survives a machine that dies. */
  durable?: boolean | undefined;
  /** Asked of everybody who comes by the port; part of `url`. Default none. */
  password?: string | undefined;
  /** More lines for postgresql.conf: `max_connections = 20`. */
  extraConfig?: readonly string[] | undefined;
}

/** `url` is for the superuser `postgres` and the database `postgres`. */
export interface PostgresServer extends PrivateServer {
  /** The folder of the Unix socket. */
  readonly socketFolder: string;
}

interface Address {
  readonly port: number;
  readonly socketFolder: string;
}

const run = promisify(execFile);

/**
 * Starts a private PostgreSQL in a temporary folder and waits until it answers. It ends with `stop()` or with this
 * process, whichever comes first and however it comes. Clusters that are on this machine are left alone.
 *
 * @throws an Error with the line that installs PostgreSQL, where it is missing
 */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<PostgresServer> {
  let user: ServerCommand['user'];
  return startPrivateServer<Address>({
    name: 'postgres',
    programs: ['initdb', 'postgres'],
    prepare: async (folder) => {
      user = await unprivilegedUser();
      if (user) await chown(folder, user.uid, user.gid);
      await writeFile(join(folder, 'password'), `${options.password ?? ''}\n`, { mode: 0o644 });
      const login = options.password === undefined ? ['--auth=trust'] : ['--auth=scram-sha-256', '--pwfile=password'];
      const args = ['--pgdata=data', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync', ...login];
      await run(findProgram('initdb'), args, { cwd: folder, ...user });
    },
    configure: async (folder) => {
      const address = { port: await freePort(), socketFolder: folder };
      await writeFile(join(folder, 'data', 'postgresql.conf'), postgresConfig(address, options));
      return address;
    },
    command: (_folder, { port }) => ({
      // The one that made the data: another version would refuse them.
      program: join(dirname(realpathSync(findProgram('initdb'))), 'postgres'),
      args: ['-D', 'data'],
      user,
      answers: () => postgresAnswers(port),
    }),
    url: ({ port }) => `postgresql://postgres${loginPart(options.password)}@127.0.0.1:${port}/postgres`,
    portTaken: /Address already in use/,
    // After kill -9 its children need a moment to notice.
    notYet: /pre-existing shared memory block|lock file "postmaster.pid" already exists/,
    // An immediate shutdown, which leaves no shared memory behind, as kill -9 would.
    endSignal: 'SIGQUIT',
    restartSignal: 'SIGINT',
  });
}

function postgresConfig({ port, socketFolder }: Address, options: StartPostgresOptions): string {
  const lines = ["listen_addresses = '127.0.0.1'", `port = ${port}`, `unix_socket_directories = '${socketFolder}'`];
  // Files of the folder instead of /dev/shm, where kill -9 would leave them.
  lines.push('dynamic_shared_memory_type = mmap', 'shared_buffers = 64MB', 'max_connections = 200');
  if (!options.durable) lines.push('fsync = off', 'synchronous_commit = off', 'full_page_writes = off');
  lines.push("log_timezone = 'UTC'", ...(options.extraConfig ?? []));
  return `${lines.join('\n')}\n`;
}

function loginPart(password: string | undefined): string {
  return password === undefined ? '' : `:${encodeURIComponent(password)}`;
}

/** PostgreSQL refuses to run as root. */
async function unprivilegedUser(): Promise<ServerCommand['user']> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string) => Number((await run('id', [flag, 'nobody'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}
