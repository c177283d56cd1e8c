import type { Logger } from '@flowrra/core';

/** What the screen needs of process.stdout. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const ERASE_REST_OF_LINE = '\x1b[K';
const ERASE_BELOW = '\x1b[J';

/**
 * Prints lines; in a terminal also keeps a few lines below them that are redrawn in place. Everywhere else no escape
 * code is ever written.
 */
export class Screen {
  readonly #out: Output;
  #isLive: boolean;
  /** The lines that stand below what was printed, as they were drawn. */
  #drawn: readonly string[] = [];
  #live: readonly string[] = [];

  constructor(out: Output, env: Readonly<Record<string, string | undefined>> = process.env) {
    this.#out = out;
    this.#isLive = out.isTTY === true && env.TERM !== 'dumb';
  }

  /** False when the output goes to a file, a pipe, or a terminal that cannot move its cursor, and after `close`. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Prints above the live lines. */
  print(text: string): void {
    if (!this.isLive) this.#out.write(`${text}\n`);
    else this.#redraw(`${text.replaceAll('\n', `${ERASE_REST_OF_LINE}\n`)}${ERASE_REST_OF_LINE}\n`);
  }

  /** Replaces the live lines; where the screen is not live, nothing happens. */
  show(lines: readonly string[]): void {
    if (!this.isLive) return;
    this.#live = lines;
    this.#redraw('');
  }

  /** Removes the live lines and gives the cursor back; printing goes on. */
  close(): void {
    if (!this.isLive) return;
    this.show([]);
    this.#isLive = false;
    this.#out.write(SHOW_CURSOR);
  }

  /** One write for everything: old lines are written over, not erased first, so nothing flickers. */
  #redraw(printed: string): void {
    const { columns = 80, rows = 24 } = this.#out;
    // A terminal that became narrower has wrapped what was drawn.
    const height = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
    const up = height > 0 ? `\x1b[${height}A\r` : '';
    // The last column stays free: some terminals wrap as soon as it is written to.
    this.#drawn = this.#live.slice(0, Math.max(0, rows - 1)).map((line) => line.slice(0, Math.max(0, columns - 1)));
    const below = this.#drawn.map((line) => `${line}${ERASE_REST_OF_LINE}\n`).join('');
    this.#out.write(`${HIDE_CURSOR}${up}${printed}${below}${ERASE_BELOW}`);
  }
}

export const screen = new Screen(process.stdout);

/** File names may hold anything, even commands for the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}

/** The app's log lines, in one line each. */
export const logToScreen: Logger = {
  debug: () => {},
  info: () => {},
  warn: (data, message) => screen.print(printable(`warning: ${message}${causeOf(data)}`)),
  error: (data, message) => screen.print(printable(`error: ${message}${causeOf(data)}`)),
};

function causeOf(data: object): string {
  const { err } = data as { err?: unknown };
  return err instanceof Error ? `: ${err.message}` : '';
}
