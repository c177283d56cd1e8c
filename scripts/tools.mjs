// What the scripts share: running programs loudly or quietly, and the one pnpm of this repository.
// Plain Node without dependencies: these files run on a machine where nothing is installed yet.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * The command line that runs pnpm at the version of package.json; npx fetches it where it is not in its cache.
 * @param {...string} args
 */
export const pnpm = (...args) => ['npx', '--yes', packageManager, ...args];

/**
 * The command line that runs a turbo task. Through pnpm, because turbo looks for pnpm on the PATH.
 * @param {...string} args
 */
export const turbo = (...args) => pnpm('exec', 'turbo', 'run', ...args);

/** Installs what pnpm-lock.yaml names. */
export const install = () => quietly('Installing', pnpm('install', '--frozen-lockfile'));

/**
 * Ends the script with a message.
 * @param {string} message
 * @returns {never}
 */
export function fail(message) {
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}

/**
 * Runs a command in the terminal of this script.
 * @param {string[]} commandLine
 * @returns {Promise<number>} its exit code
 */
export function loudly(commandLine) {
  return exitCode(start(commandLine, 'inherit'));
}

/**
 * Runs a command, shows its output only when it fails, and then ends this script.
 * @param {string} label what is going on, for the person who waits
 * @param {string[]} commandLine
 * @param {string} [advice] the last line of the failure's message
 */
export async function quietly(label, commandLine, advice = '') {
  process.stderr.write(`${label}…\n`);
  const child = start(commandLine, ['ignore', 'pipe', 'pipe']);
  /** @type {Buffer[]} */
  const output = [];
  child.stdout?.on('data', (chunk) => output.push(chunk));
  child.stderr?.on('data', (chunk) => output.push(chunk));
  if ((await exitCode(child)) === 0) return;
  process.stderr.write(Buffer.concat(output));
  fail(`${label} failed: ${commandLine.join(' ')}\n${advice}`.trimEnd());
}

/**
 * @param {string[]} commandLine
 * @param {import('node:child_process').StdioOptions} stdio
 */
function start([command = '', ...args], stdio) {
  const env = { ...nativeHeaders(), ...process.env, TURBO_TELEMETRY_DISABLED: '1' };
  const child = spawn(command, args, { cwd: root, stdio, env });
  child.once('error', (error) => fail(`Cannot run ${command}: ${error.message}`));
  return child;
}

/** Native addons are compiled against the headers that came with this Node, where there are some: no download is needed. */
function nativeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
}

/**
 * Waits for the end of a child. Until then a Ctrl-C is the child's to answer, which gets it from the terminal too, and
 * a SIGTERM is passed on.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>}
 */
async function exitCode(child) {
  const wait = () => {};
  const passOn = () => child.kill('SIGTERM');
  process.on('SIGINT', wait).on('SIGTERM', passOn);
  const [code, signal] = await once(child, 'close');
  process.off('SIGINT', wait).off('SIGTERM', passOn);
  // As a shell reports a process that was ended by a signal.
  return code ?? 128 + constants.signals[/** @type {NodeJS.Signals} */ (signal)];
}
