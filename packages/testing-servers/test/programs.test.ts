import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findProgram, installLine, missingPrograms, programs } from '../programs.mjs';

it('finds the programs of the table on this machine', () => {
  expect(findProgram('redis-server')).toMatch(/\/redis-server$/);
  expect(missingPrograms()).toEqual([]);
});

it('looks into folders whose name carries a version', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flowrra-test-'));
  const bin = join(folder, '15', 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'some-server'), '');
  await chmod(join(bin, 'some-server'), 0o755);
  programs.push({ name: 'some-server', debian: 'some', folders: [join(folder, '*', 'bin')] });
  expect(findProgram('some-server')).toBe(join(bin, 'some-server'));
  programs.pop();
  await rm(folder, { recursive: true });
});

it('installs each Debian package once', () => {
  const rows = ['initdb', 'postgres'].map((name) => ({ name, debian: 'postgresql' }));
  expect(installLine(rows)).toBe('apt-get install postgresql');
});
