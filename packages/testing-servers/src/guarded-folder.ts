import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Reads the pid of the server from its input (an empty line: no server runs) and waits for the input's end, which
 * comes when this process closes it or dies, however it dies. Then it ends what still runs and removes the folder.
 */
const GUARD = `
trap '' INT TERM HUP
pid=
while read -r line; do pid=$line; done
[ -z "$pid" ] || kill -9 "$pid"
rm -rf "$1"
`;

export interface GuardedFolder {
  readonly path: string;
  /** Names the process that must not outlive this one; null when it has ended by itself. */
  watch(pid: number | null): void;
  /** Ends the watched process and removes the folder. */
  release(): Promise<void>;
}

/** A temporary folder for one server. Neither the folder nor the server outlives this process, not even after kill -9. */
export async function guardedFolder(name: string): Promise<GuardedFolder> {
  const path = await mkdtemp(join(tmpdir(), `flowrra-${name}-`));
  // Detached, so that a signal to the whole process group (Ctrl-C, a CI's kill) does not take the guard along.
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', path], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const gone = once(guard, 'exit');
  // A guard that was killed is noticed by nobody else than the person who did it.
  guard.stdin.on('error', () => {});
  guard.unref();
  return {
    path,
    watch: (pid) => void guard.stdin.write(`${pid ?? ''}\n`),
    release: async () => {
      guard.ref();
      guard.stdin.end();
      await gone;
    },
  };
}
