import { createHash } from 'node:crypto';
import ack from './scripts/ack.lua';
import beginSweep from './scripts/begin-sweep.lua';
import cancel from './scripts/cancel.lua';
import claim from './scripts/claim.lua';
import clear from './scripts/clear.lua';
import deleteResult from './scripts/delete-result.lua';
import extend from './scripts/extend.lua';
import findClaims from './scripts/find-claims.lua';
import findMessages from './scripts/find-messages.lua';
import finish from './scripts/finish.lua';
import headers from './scripts/headers.lua';
import holds from './scripts/holds.lua';
import buryInclude from './scripts/includes/bury.lua';
import clockInclude from './scripts/includes/clock.lua';
import lanesInclude from './scripts/includes/lanes.lua';
import leaseInclude from './scripts/includes/lease.lua';
import noticesInclude from './scripts/includes/notices.lua';
import openInclude from './scripts/includes/open.lua';
import recordInclude from './scripts/includes/record.lua';
import removeInclude from './scripts/includes/remove.lua';
import resultsInclude from './scripts/includes/results.lua';
import list from './scripts/list.lua';
import listWaiting from './scripts/list-waiting.lua';
import purge from './scripts/purge.lua';
import push from './scripts/push.lua';
import read from './scripts/read.lua';
import recover from './scripts/recover.lua';
import release from './scripts/release.lua';
import size from './scripts/size.lua';
import store from './scripts/store.lua';
import takeDeadLetter from './scripts/take-dead-letter.lua';

/** A Lua script as the server knows it. */
export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
}

/**
 * What scripts share, piece by piece (a piece ends at a blank line), each after those that it uses. A script gets the
 * pieces whose names it mentions: the server makes every function of a script anew at each call.
 */
const PIECES = [
  clockInclude,
  recordInclude,
  leaseInclude,
  noticesInclude,
  resultsInclude,
  removeInclude,
  buryInclude,
  lanesInclude,
  openInclude,
]
  .flatMap((include) => include.trim().split('\n\n'))
  .map((text) => ({ text, names: namesIn(text), words: wordsOf(text) }));

/** The names that a piece gives to functions and values. */
function namesIn(piece: string): string[] {
  const definitions = [...piece.matchAll(/^local (?:function )?(\w+(?:, \w+)*)/gm)];
  return definitions.flatMap(([, names = '']) => names.split(', '));
}

function wordsOf(text: string): string[] {
  return text.replaceAll(/--.*/g, '').match(/[a-zA-Z_]\w*/g) ?? [];
}

/** Those that a source mentions, without what is there already. */
function piecesFor(source: string, present = ''): string {
  const words = new Set(wordsOf(source));
  const needed: string[] = [];
  for (const piece of PIECES.toReversed()) {
    if (!piece.names.some((name) => words.has(name))) continue;
    for (const word of piece.words) words.add(word);
    if (!present.includes(piece.text)) needed.unshift(piece.text);
  }
  return needed.join('\n');
}

function script(name: string, source: string): Script {
  return named(name, `${piecesFor(source)}\n${source}`);
}

/** A script that may carry another one out: by a function of that name, which takes its KEYS and ARGV. */
function scriptWith(name: string, source: string, inner: { name: string; source: string }): Script {
  const pieces = piecesFor(source);
  return named(
    name,
    `${pieces}
local function ${inner.name}(KEYS, ARGV)
${piecesFor(inner.source, pieces)}
${inner.source}
end
${source}`,
  );
}

/**
 * Two scripts in one call, the second after the first; it returns the second's reply, a list, and the first's behind it, as
 * lists within lists cost the server more. Keys are those of the first, then those of the second; arguments: how many keys
 * and how many arguments are the first one's, then its arguments, then the second's.
 */
function inOneCall(name: string, first: string, second: string): Script {
  return named(
    name,
    `
local keys, args = tonumber(ARGV[1]), 2 + tonumber(ARGV[2])
local keysOfSecond, argsOfSecond = { unpack(KEYS, keys + 1) }, { unpack(ARGV, args + 1) }
local KEYS, ARGV = { unpack(KEYS, 1, keys) }, { unpack(ARGV, 3, args) }
${piecesFor(first + second)}
local function runFirst()
${first}
end
local function runSecond()
${second}
end
local replyOfFirst = runFirst()
KEYS, ARGV = keysOfSecond, argsOfSecond
local reply = runSecond()
reply[#reply + 1] = replyOfFirst
return reply`,
  );
}

function named(name: string, text: string): Script {
  return { name, text, sha: createHash('sha1').update(text).digest('hex') };
}

/** One script per transition; each says in its head which keys and arguments it takes and what it returns. */
export const SCRIPTS = {
  ack: script('ack', ack),
  beginSweep: script('begin-sweep', beginSweep),
  cancel: script('cancel', cancel),
  claim: script('claim', claim),
  clear: script('clear', clear),
  deleteResult: script('delete-result', deleteResult),
  extend: script('extend', extend),
  findClaims: script('find-claims', findClaims),
  findMessages: script('find-messages', findMessages),
  finish: script('finish', finish),
  finishAndClaim: inOneCall('finish-and-claim', finish, claim),
  headers: script('headers', headers),
  holds: script('holds', holds),
  list: script('list', list),
  listWaiting: script('list-waiting', listWaiting),
  purge: script('purge', purge),
  push: scriptWith('push', push, { name: 'claim', source: claim }),
  read: script('read', read),
  recover: script('recover', recover),
  release: script('release', release),
  size: script('size', size),
  store: script('store', store),
  takeDeadLetter: script('take-dead-letter', takeDeadLetter),
} as const;
