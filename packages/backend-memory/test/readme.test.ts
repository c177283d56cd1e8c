import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);

describe('The README', () => {
  const file = new URL('./readme-example.generated.ts', import.meta.url);
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(file, { force: true });
  });

  it.each(examples.map((code, i) => [i + 1, code]))('has a working example %i', async (i, code) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    writeFileSync(file, code as string);
    await import(`${file.href}?example=${i}`);
    expect(log.mock.calls.flat()).toEqual(i === 1 ? [3] : []);
  });

  it('has two examples', () => expect(examples.length).toBe(2));
});
