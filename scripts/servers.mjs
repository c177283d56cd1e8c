// Makes sure that the server programs of packages/testing-servers/programs.mjs are on this machine.
import { installLine, missingPrograms } from '../packages/testing-servers/programs.mjs';
import { fail, quietly } from './tools.mjs';

export async function ensureServers() {
  const missing = missingPrograms();
  if (missing.length === 0) return;

  const names = missing.map((program) => program.name).join(', ');
  const line = installLine(missing);
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    fail(`The tests need ${names}, which this machine does not have. Install with:\n  sudo ${line}`);
  }
  await quietly('Updating the package lists', ['apt-get', 'update']);
  await quietly(`Installing ${names}`, ['env', 'DEBIAN_FRONTEND=noninteractive', ...line.split(' '), '--yes']);
  if (missingPrograms().length > 0) fail(`${line} succeeded, but ${names} still cannot be found.`);
}
