import { spawn } from 'node:child_process';
import { once } from 'node:events';

const main = new URL('../../apps/demo/dist/main.js', import.meta.url).pathname;

export interface DemoRun {
  /** Sends a signal to the producer. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the first match in the output so far; rejects when the demo ends without one. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<DemoEnd>;
}

export interface DemoEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the demo is told by its environment. Without them it runs in memory, with its schedules in a SQLite file. */
export interface DemoStores {
  readonly REDIS_URL?: string;
  readonly DATABASE_URL?: string;
  /** Where the demo keeps its file. */
  readonly TMPDIR?: string;
}

/** Starts the demo with its output in a pipe. */
export function startDemo(args: readonly string[], stores: DemoStores = {}): DemoRun {
  const { REDIS_URL: _url, INIT_CWD: _folder, ...env } = process.env;
  const child = spawn(process.execPath, [main, ...args], { env: { ...env, DATABASE_URL: '', ...stores } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([exitCode]): DemoEnd => ({ exitCode, stdout, stderr }));
  return {
    kill: (signal) => void child.kill(signal),
    ended,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(stdout);
          if (match) resolve(match);
        };
        child.stdout.on('data', look);
        ended.then(() => reject(new Error(`The demo ended without ${pattern}:\n${stdout}${stderr}`)));
        look();
      }),
  };
}

/** Starts the demo and waits for its end. */
export function runDemo(args: readonly string[], stores?: DemoStores): Promise<DemoEnd> {
  return startDemo(args, stores).ended;
}

/** A row of the table of tasks. */
export function taskCounts({ stdout }: DemoEnd, taskName: string) {
  const cells = new RegExp(`^${taskName} +(\\d+) +(\\d+) +(\\d+) +(\\d+) +(\\d+)$`, 'm').exec(stdout);
  if (!cells) throw new Error(`There is no row for ${taskName} in:\n${stdout}`);
  const [success = 0, failed = 0, cancelled = 0, unfinished = 0, retries = 0] = cells.slice(1).map(Number);
  return { success, failed, cancelled, unfinished, retries };
}

/** A row of the table of schedules. */
export function scheduleCounts({ stdout }: DemoEnd, id: string) {
  const cells = new RegExp(`^${id} +(\\d+) +(\\d+) +(\\d+) +(\\d+) +(\\d+)  (.*)$`, 'm').exec(stdout);
  if (!cells) throw new Error(`There is no row for schedule ${id} in:\n${stdout}`);
  const [slots = 0, enqueued = 0, skipped = 0, ran = 0, doubled = 0] = cells.slice(1, 6).map(Number);
  return {
    slots,
    enqueued,
    skipped,
    ran,
    doubled,
    nodes: (cells[6] ?? '').split(', ').map((node) => node.split(' ')[0]),
  };
}
