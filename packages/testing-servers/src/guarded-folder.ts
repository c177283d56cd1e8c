import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Reads the pid of the server from its input (an empty line: no server runs) and waits for the input's end, which
 * comes when this process closes it or dies, however it dies. Then it ends what still runs, with the signal first that
 * lets the server tidy up, and removes the folder.
 */
const GUARD = `
trap '' INT TERM HUP
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -s "$2" "$pid"
  kill -s CONT "$pid"
  for step in 1 2 3 4 5 6 7 8 9 10; do [ "$2" != KILL ] && kill -0 "$pid" && sleep 0.2 || break; done
  kill -s KILL "$pid"
fi
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
`;

export interface GuardedFolder {
  readonly path: string;
  /** Names the process that must not outlive this one; null when it has ended by itself. */
  watch(pid: number | null): void;
  /** Ends the watched process and removes the folder. */
  release(): Promise<void>;
}

/**
 * A temporary folder for one server. Neither the folder nor the server outlives this process, not even after kill -9.
 * @param endSignal what the guard sends a server that is still there: KILL, unless that would leave something behind
 */
export async function guardedFolder(name: string, endSignal: 'KILL' | 'QUIT' = 'KILL'): Promise<GuardedFolder> {
  const path = await mkdtemp(join(tmpdir(), `flowrra-${name}-`));
  // Detached, so that a signal to the whole process group (Ctrl-C, a CI's kill) does not take the guard along.
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', path, endSignal], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
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
