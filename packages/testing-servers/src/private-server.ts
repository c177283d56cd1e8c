import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../programs.mjs';
import { type GuardedFolder, guardedFolder } from './guarded-folder.js';
import { LOG_FILE, type ServerCommand, ServerProcess } from './server-process.js';

/** A server of the tests' own, in a temporary folder. */
export interface PrivateServer {
  readonly url: string;
  /** 0 where the server listens on a Unix socket only. */
  readonly port: number;
  /** Of the present process: another one after `restart()`. */
  readonly pid: number;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
  /** Sends a signal; waits for the end when it ends the server, and for the last thread to stop after SIGSTOP. Default SIGKILL. The folder stays. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** What the present process has written to its log. */
  log(): Promise<string>;
  /** Starts the server again at the same address, with the data that survived; ends it first if it runs. */
  restart(): Promise<void>;
}

/** What is particular to one kind of server. */
export interface ServerRecipe<Address extends { readonly port: number }> {
  /** Part of the folder's name. */
  readonly name: string;
  /** Rows of programs.mjs. */
  readonly programs: readonly string[];
  /** Makes what the server needs before its first start; asked once. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** A free address, and the configuration for it; asked again when somebody else took the port in the meantime. */
  readonly configure: (folder: string) => Promise<Address>;
  readonly command: (folder: string, address: Address) => ServerCommand;
  readonly url: (address: Address) => string;
  /** How the server's log says that its port is taken. */
  readonly portTaken: RegExp;
  /** How the server's log says that it has not got over its last end yet: it is started again. Default: never. */
  readonly notYet?: RegExp;
  /** How to end a server that is not needed any more. Default SIGKILL. */
  readonly endSignal?: 'SIGKILL' | 'SIGQUIT';
  /** How to end a server that is started again. Default SIGTERM. */
  readonly restartSignal?: 'SIGTERM' | 'SIGINT';
}

const ATTEMPTS = 3;
const ENDING: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT'];

/** Starts a server by its recipe and waits until it answers. */
export async function startPrivateServer<Address extends { readonly port: number }>(
  recipe: ServerRecipe<Address>,
): Promise<PrivateServer & Address> {
  // Before anything is made that would have to be removed again.
  for (const program of recipe.programs) findProgram(program);
  const folder = await guardedFolder(recipe.name, recipe.endSignal === 'SIGQUIT' ? 'QUIT' : 'KILL');
  try {
    await recipe.prepare?.(folder.path);
    for (let attempt = 1; ; attempt++) {
      const address = await recipe.configure(folder.path);
      try {
        const firstRun = await ServerProcess.start(folder, recipe.command(folder.path, address));
        return serverHandle(recipe, folder, address, firstRun);
      } catch (error) {
        if (attempt === ATTEMPTS || !recipe.portTaken.test(String(error))) throw error;
      }
    }
  } catch (error) {
    await folder.release();
    throw error;
  }
}

function serverHandle<Address extends { readonly port: number }>(
  recipe: ServerRecipe<Address>,
  folder: GuardedFolder,
  address: Address,
  firstRun: ServerProcess,
): PrivateServer & Address {
  let current = firstRun;
  return {
    ...address,
    url: recipe.url(address),
    get pid() {
      return current.pid;
    },
    async stop() {
      await current.end(recipe.endSignal ?? 'SIGKILL');
      await folder.release();
    },
    async kill(signal = 'SIGKILL') {
      if (ENDING.includes(signal)) await current.end(signal);
      else current.signal(signal);
      if (signal === 'SIGSTOP') await current.stopped();
    },
    log: () => readFile(join(folder.path, LOG_FILE), 'utf8'),
    async restart() {
      await current.end(recipe.restartSignal ?? 'SIGTERM');
      current = await startAgain(recipe, folder, recipe.command(folder.path, address));
    },
  };
}

async function startAgain(
  { notYet }: Pick<ServerRecipe<{ port: number }>, 'notYet'>,
  folder: GuardedFolder,
  command: ServerCommand,
): Promise<ServerProcess> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await ServerProcess.start(folder, command);
    } catch (error) {
      if (!notYet?.test(String(error)) || Date.now() > deadline) throw error;
    }
  }
}
