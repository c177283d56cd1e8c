import { expect, it } from 'vitest';
import { printable, Screen } from '../../apps/demo/src/screen.js';

/** A terminal that knows the few commands that the screen may use; any other one is an error. */
class Terminal {
  readonly isTTY = true;
  columns: number;
  rows = 24;
  cursorShown = true;
  readonly #lines: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  get lines(): string[] {
    const lines = this.#lines.map((line) => line.trimEnd());
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the commands of a terminal begin with one
    for (const [token] of text.matchAll(/\x1b\[\??\d*[A-Za-z]|[\s\S]/g)) this.#apply(token);
  }

  #apply(token: string): void {
    const up = token.endsWith('A') && token.length > 1 ? token.slice(2, -1) : null;
    if (up !== null) this.#row = Math.max(0, this.#row - Number(up));
    else if (token === '\x1b[K') this.#set(this.#line.slice(0, this.#column));
    else if (token === '\x1b[J') {
      this.#set(this.#line.slice(0, this.#column));
      this.#lines.splice(this.#row + 1);
    } else if (token === '\x1b[?25l') this.cursorShown = false;
    else if (token === '\x1b[?25h') this.cursorShown = true;
    else if (token === '\r') this.#column = 0;
    else if (token === '\n') this.#nextLine();
    else if (token < ' ') throw new Error(`unknown command ${JSON.stringify(token)}`);
    else this.#put(token);
  }

  #put(character: string): void {
    if (this.#column === this.columns) this.#nextLine();
    const line = this.#line.padEnd(this.#column);
    this.#set(line.slice(0, this.#column) + character + line.slice(this.#column + 1));
    this.#column++;
  }

  #nextLine(): void {
    this.#row++;
    this.#column = 0;
    if (this.#row === this.#lines.length) this.#lines.push('');
  }

  get #line(): string {
    return this.#lines[this.#row] ?? '';
  }

  #set(line: string): void {
    this.#lines[this.#row] = line;
  }
}

it('redraws its live lines in place, and nothing of longer ones remains', () => {
  const terminal = new Terminal(40);
  const screen = new Screen(terminal, {});
  screen.print('title');
  screen.show(['a long first line', 'second', 'third']);
  screen.show(['short', 'second']);
  expect(terminal.lines).toEqual(['title', 'short', 'second']);
});

it('prints above its live lines', () => {
  const terminal = new Terminal(40);
  const screen = new Screen(terminal, {});
  screen.show(['live']);
  screen.print('one\ntwo');
  screen.print('a line that is wider than the terminal: 12345');
  expect(terminal.lines).toEqual(
    ['one', 'two', 'a line that is wider than the terminal: ', '12345', 'live'].map((l) => l.trimEnd()),
  );
});

it('cuts live lines that a narrow terminal would wrap', () => {
  const terminal = new Terminal(10);
  const screen = new Screen(terminal, {});
  for (let i = 0; i < 3; i++) screen.show([`0123456789 ${i}`, 'next']);
  expect(terminal.lines).toEqual(['012345678', 'next']);
});

it('keeps its live lines inside a low terminal', () => {
  const terminal = new Terminal(20);
  terminal.rows = 3;
  const screen = new Screen(terminal, {});
  for (let i = 0; i < 3; i++) screen.show(['1', '2', '3', '4']);
  expect(terminal.lines).toEqual(['1', '2']);
});

it('takes its live lines away at the end, gives the cursor back, and still prints', () => {
  const terminal = new Terminal(40);
  const screen = new Screen(terminal, {});
  screen.show(['live']);
  expect(terminal.cursorShown).toBe(false);
  screen.print('printed');
  screen.close();
  screen.show(['too late']);
  screen.print('the end');
  expect(terminal.lines).toEqual(['printed', 'the end']);
  expect(terminal.cursorShown).toBe(true);
});

it.each([
  ['a pipe', { isTTY: false }, {}],
  ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }],
])('writes plain lines into %s', (_name, output, env) => {
  let text = '';
  const screen = new Screen({ ...output, write: (more) => (text += more) }, env);
  screen.show(['live']);
  screen.print('printed');
  screen.close();
  expect(text).toBe('printed\n');
});

it('shows file names without what a terminal would obey', () => {
  expect(printable('a\x1b[2Jb\nc\u202e')).toBe('a?[2Jb?c?');
});
