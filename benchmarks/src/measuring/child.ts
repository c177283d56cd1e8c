import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of its own for one measurement: it inherits neither heap nor compiled code of another system. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown>;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#exit = once(process, 'exit');
  }

  /** @param script its place as seen from the caller's module: `new URL('node.js', import.meta.url)` */
  static start(script: URL, args: readonly (string | number)[], nodeOptions: readonly string[] = []): Child {
    return new Child(fork(fileURLToPath(script), args.map(String), { execArgv: [...nodeOptions] }));
  }

  /** What the child says next, or the next thing that `isIt`. @throws when it ends before */
  async hear<Message>(isIt: (message: object) => boolean = () => true): Promise<Message> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: object): void => {
        if (!isIt(message)) return;
        this.#process.off('exit', onExit).off('message', onMessage);
        resolve(message as Message);
      };
      const onExit = (code: number | null): void => {
        this.#process.off('message', onMessage);
        reject(new Error(`${this.#process.spawnargs.join(' ')} ended with ${code}.`));
      };
      this.#process.on('message', onMessage).once('exit', onExit);
    });
  }

  /** Everything that the child says. */
  onMessage<Message>(listener: (message: Message) => void): void {
    this.#process.on('message', (message) => listener(message as Message));
  }

  tell(message: object): void {
    this.#process.send(message);
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    await this.#exit;
  }

  /** Ends it at once, in whatever it does. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exit;
  }
}

/** Lets a script measure in a process of its own. @returns what it reported */
export async function measureApart<Figures>(
  script: URL,
  args: readonly (string | number)[],
  nodeOptions: readonly string[] = [],
): Promise<Figures> {
  const child = Child.start(script, args, nodeOptions);
  const { figures } = await child.hear<{ figures: Figures }>();
  await child.ended();
  return figures;
}

/** For the child: reports to `measureApart`, and lets the process end. */
export function report(figures: unknown): void {
  process.send?.({ figures }, () => process.disconnect());
}
