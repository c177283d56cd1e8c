// What the programs of a chaos run share: settings, their part of the history, and commands of the nemesis.
import { appendFileSync } from 'node:fs';

/**
 * @typedef {object} ActorSettings
 * @property {string} actor its name, different at each start
 * @property {string} history the file of its part of the history
 * @property {string} messages the address of the Redis that carries messages
 * @property {string | null} results the address of the Redis that keeps results, if it is another one
 * @property {string} keyPrefix
 * @property {number | null} ttl of results, in milliseconds
 * @property {number} lease in milliseconds
 * @property {number} skew by how many milliseconds its clock is wrong
 */

/** @type {ActorSettings & Record<string, any>} */
export const settings = JSON.parse(process.argv[2] ?? '{}');
const { actor, history, lease } = settings;

/** Milliseconds on the machine's monotonic clock, which all processes share. */
export const monotonic = () => Number(process.hrtime.bigint() / 1000n) / 1000;

/** @param {object} entry */
export const note = (entry) => appendFileSync(history, `${JSON.stringify({ at: monotonic(), actor, ...entry })}\n`);

/** @param {unknown} err */
export const codeOf = (err) => String(/** @type {{ code?: unknown } | null} */ (err)?.code ?? err);

let calls = 0;
export const nextCall = () => ++calls;

// ── Commands of the nemesis ────────────────────────────────────────────────────────────────────────────────────────

/** @type {Map<string, (value: string | null) => void>} */
const commands = new Map();
/** @param {string} name @param {(value: string | null) => void} handler */
export const onCommand = (name, handler) => void commands.set(name, handler);
process.on('message', (/** @type {{ command: string, value: string | null }} */ { command, value }) =>
  commands.get(command)?.(value),
);
process.channel?.unref();
// Without its harness nobody would end it.
process.on('disconnect', () => process.exit());

/** @type {string | null} */
let deadlyPoint = null;
onCommand('die at', (point) => {
  deadlyPoint = point;
});

/**
 * A narrow window: the process dies here, when it was told to.
 * @param {string} point
 */
export async function reach(point) {
  if (point !== deadlyPoint) return;
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => {});
}

// ── Standing still ─────────────────────────────────────────────────────────────────────────────────────────────────

const BEAT = 100;
let lastBeat = monotonic();
setInterval(() => {
  const pause = monotonic() - lastBeat - BEAT;
  if (pause > lease / 8) note({ event: 'stall', ms: pause });
  lastBeat = monotonic();
}, BEAT).unref();

const log = (/** @type {string} */ level) => (/** @type {object} */ data, /** @type {string} */ message) =>
  note({ event: 'log', level, message, ...('err' in data ? { error: String(data.err) } : {}) });
/** What an app logs is a part of the history. */
export const logger = { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') };

/**
 * Notes now and then how much this process holds on to.
 * @param {number} every in milliseconds
 */
export function watchMemory(every) {
  setInterval(() => {
    globalThis.gc?.();
    const { heapUsed } = process.memoryUsage();
    note({ event: 'memory', heap: heapUsed, resources: process.getActiveResourcesInfo().length });
  }, every).unref();
}

note({ event: 'up' });
