import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./sqlite-process.mjs', import.meta.url));

/** Another process with the same SQLite files. */
export interface SqliteProcess {
  /** What `command` of sqlite-process.mjs gives back. */
  tell(command: string, ...args: unknown[]): Promise<unknown>;
  end(): Promise<void>;
}

/** @param uid the user it runs as; default this one */
export function startSqliteProcess(uid?: number): SqliteProcess {
  const child = fork(PROGRAM, { ...(uid !== undefined && { uid, gid: uid }) });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(err: Error): void }>();
  let calls = 0;
  child.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
    if (error === undefined) waiting.get(id)?.resolve(value);
    else waiting.get(id)?.reject(new Error(error));
    waiting.delete(id);
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`The process ended: ${code ?? signal}.`));
  });
  return {
    tell(command, ...args) {
      const id = calls++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.send({ id, command, args });
      });
    },
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
