import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A program of tests/fixtures in a process of its own. */
export interface NodeProcess {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process is gone. */
  exited(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Sends a message and resolves with the next one that comes. @throws an Error when the process ends instead */
  ask(message: object): Promise<unknown>;
  /** Sends a message that has no answer. */
  tell(message: object): void;
  /** Resolves with the next message that comes by itself. */
  nextMessage(): Promise<unknown>;
  /** What it wrote to stderr so far. */
  stderr(): string;
  /** Makes sure that it is gone. */
  end(): Promise<void>;
}

/** Starts a fixture with its settings as JSON, and waits for its first message (that it is ready) or its end. */
export async function startNode(
  fixture: string,
  settings: object,
  execArgv: readonly string[] = [],
): Promise<NodeProcess> {
  const file = fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url));
  const child = spawn(process.execPath, [...execArgv, file, JSON.stringify(settings)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exit = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const nextMessage = (): Promise<unknown> => once(child, 'message').then(([message]: unknown[]) => message);
  // One that is gone already says so by its end.
  const tell = (message: object): void => void child.send(message, () => {});
  await Promise.race([nextMessage(), exit]);
  return {
    pid: child.pid ?? 0,
    kill: (signal) => void child.kill(signal),
    exited: () => exit,
    nextMessage,
    stderr: () => stderr,
    tell,
    ask(message) {
      const reply = nextMessage();
      tell(message);
      const gone = exit.then(() => Promise.reject(new Error(`${fixture} ended instead of answering.\n${stderr}`)));
      return Promise.race([reply, gone]);
    },
    end: () => endProcess(child),
  };
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
