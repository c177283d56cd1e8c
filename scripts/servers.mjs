// Makes sure that the server programs of packages/testing-servers/programs.mjs are on this machine.
import { existsSync } from 'node:fs';
import { installLine, missingPrograms } from '../packages/testing-servers/programs.mjs';
import { fail, quietly } from './tools.mjs';

export async function ensureServers() {
  const missing = missingPrograms();
  if (missing.length === 0) return;

  const names = missing.map((program) => program.name).join(', ');
  const line = installLine(missing);
  const advice = `The tests need ${names}. Install with:\n  ${line}`;
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) fail(advice);

  await quietly('Updating the package lists', ['apt-get', 'update'], advice);
  const install = ['env', 'DEBIAN_FRONTEND=noninteractive', ...line.split(' '), '--yes'];
  await quietly(`Installing ${names}`, install, advice);
  if (missingPrograms().length > 0) fail(`${line} succeeded, but ${names} still cannot be found.`);
}
