import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../programs.mjs';
import { freePort, mariadbAnswers } from './ping.js';
import { type PrivateServer, startPrivateServer } from './private-server.js';

export interface StartMariadbOptions {
  /** Whether commits reach the disk before they are confirmed. Default false: nothing survives a machine that dies. */
  durable?: boolean | undefined;
  /** That of `root`; part of `url`. Default none. */
  password?: string | undefined;
  /** More lines for the server's section of my.cnf: `max_connections = 20`. */
  extraConfig?: readonly string[] | undefined;
}

/** `url` is for `root` and the database `flowrra`. */
export interface MariadbServer extends PrivateServer {
  readonly socketPath: string;
}

interface Address {
  readonly port: number;
  readonly socketPath: string;
}

/**
 * Starts a private MariaDB in a temporary folder and waits until it answers. It ends with `stop()` or with this process,
 * whichever comes first and however it comes. Servers and settings that are on this machine are left alone.
 *
 * @throws an Error with the line that installs MariaDB, where it is missing
 */
export async function startMariadb(options: StartMariadbOptions = {}): Promise<MariadbServer> {
  return startPrivateServer<Address>({
    name: 'mariadb',
    programs: ['mariadbd', 'mariadb-install-db'],
    prepare: async (folder) => {
      await mkdir(join(folder, 'tmp'));
      const args = ['--no-defaults', `--datadir=${folder}/data`, '--skip-test-db', ...asUser()];
      // Two that begin together in one folder would remove each other's temporary files.
      args.push(`--tmpdir=${folder}/tmp`);
      // Root comes by its password (none), not by being root of this machine.
      args.push('--auth-root-authentication-method=normal');
      await promisify(execFile)(findProgram('mariadb-install-db'), args, { cwd: folder });
    },
    configure: async (folder) => {
      const address = { port: await freePort(), socketPath: join(folder, 'mariadb.sock') };
      await writeFile(join(folder, 'first.sql'), firstStatements(options));
      await writeFile(join(folder, 'my.cnf'), mariadbConfig(folder, address, options));
      return address;
    },
    command: (folder, { port }) => ({
      program: findProgram('mariadbd'),
      args: [`--defaults-file=${folder}/my.cnf`, ...asUser()],
      answers: () => mariadbAnswers(port),
    }),
    url: ({ port }) => `mysql://root${loginPart(options.password)}@127.0.0.1:${port}/flowrra`,
    portTaken: /Address already in use/,
    // Its data are locked until the last page of a killed process is freed.
    notYet: /Unable to lock|Can't lock aria control file/,
  });
}

function mariadbConfig(folder: string, { port, socketPath }: Address, options: StartMariadbOptions): string {
  const lines = ['[mysqld]', 'bind-address = 127.0.0.1', `port = ${port}`, `socket = ${socketPath}`];
  lines.push(`datadir = ${folder}/data`, `tmpdir = ${folder}/tmp`, `pid-file = ${folder}/mariadb.pid`);
  lines.push(`init-file = ${folder}/first.sql`, 'skip-name-resolve', 'performance-schema = off');
  // Small, and without the kernel's asynchronous I/O, of which a machine allows only so much.
  lines.push('innodb-buffer-pool-size = 64M', 'innodb-log-file-size = 32M', 'innodb-use-native-aio = 0');
  if (!options.durable) lines.push('innodb-flush-log-at-trx-commit = 0', 'innodb-doublewrite = 0');
  return `${[...lines, ...(options.extraConfig ?? [])].join('\n')}\n`;
}

/** Run at every start, one statement a line. */
function firstStatements({ password = '' }: StartMariadbOptions): string {
  const quoted = `'${password.replace(/[\\']/g, '\\$&')}'`;
  const lines = ['CREATE DATABASE IF NOT EXISTS flowrra;'];
  for (const host of ['localhost', '127.0.0.1']) {
    lines.push(`CREATE USER IF NOT EXISTS root@'${host}';`, `ALTER USER root@'${host}' IDENTIFIED BY ${quoted};`);
    lines.push(`GRANT ALL PRIVILEGES ON *.* TO root@'${host}' WITH GRANT OPTION;`);
  }
  return `${lines.join('\n')}\n`;
}

function loginPart(password: string | undefined): string {
  return password === undefined ? '' : `:${encodeURIComponent(password)}`;
}

/** MariaDB wants to be told when it is to run as root. */
function asUser(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}
