import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardedFolder } from './guarded-folder.js';

const START_DEADLINE = 20_000;
/** In the server's folder. */
export const LOG_FILE = 'server.log';

/** How a server is run in its folder. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Whom it runs as, where it refuses to run as root; default: as this process. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Whether it serves clients by now. */
  readonly answers: () => Promise<boolean>;
}

/** One run of a server program in its folder, which is its working directory. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly pid: number;

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.#ended = once(child, 'exit');
    this.pid = pid;
    // A test process that forgets to stop its server ends all the same, and the guard ends the server.
    child.unref();
  }

  /** Resolves when the server answers. @throws an Error with the end of its log, when it does not */
  static async start(folder: GuardedFolder, command: ServerCommand): Promise<ServerProcess> {
    const log = await open(join(folder.path, LOG_FILE), 'w');
    // Detached for the same reason as the guard: Ctrl-C must not end the server before the tests that use it.
    const child = spawn(command.program, command.args, {
      cwd: folder.path,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...command.user,
    });
    await once(child, 'spawn');
    await log.close();
    if (child.pid === undefined) throw new Error(`${command.program} was started but has no pid.`);
    folder.watch(child.pid);
    child.once('exit', () => folder.watch(null));
    const server = new ServerProcess(child, child.pid);
    await server.#answers(folder, command);
    return server;
  }

  async #answers(folder: GuardedFolder, { program, answers }: ServerCommand): Promise<void> {
    const deadline = Date.now() + START_DEADLINE;
    while (!(await answers())) {
      if (!this.running || Date.now() > deadline) {
        const log = await readFile(join(folder.path, LOG_FILE), 'utf8');
        await this.end('SIGKILL');
        throw new Error(`${program} did not start. Its log:\n${log.split('\n').slice(-15).join('\n')}`);
      }
      await sleep(15);
    }
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** After SIGSTOP: resolves when the last thread stands still. Until then the others may still answer. */
  async stopped(): Promise<void> {
    const threads = `/proc/${this.pid}/task`;
    const isStopped = async (thread: string): Promise<boolean> => {
      const stat = await readFile(join(threads, thread, 'stat'), 'utf8').catch(() => null);
      // The state follows the program's name, which may hold anything. A thread that has ended stands still.
      return stat === null || / T /.test(stat.slice(stat.lastIndexOf(')'), stat.lastIndexOf(')') + 4));
    };
    while (this.running && !(await Promise.all((await readdir(threads)).map(isStopped))).every(Boolean)) await sleep(1);
  }

  /** Ends the process and waits until it is gone, also when it is stopped by SIGSTOP. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.running) return;
    this.#child.ref();
    this.signal(signal);
    this.signal('SIGCONT');
    await this.#ended;
  }
}
