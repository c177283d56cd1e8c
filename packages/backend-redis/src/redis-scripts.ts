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

const INCLUDES: Readonly<Record<string, string>> = {
  bury: buryInclude,
  clock: clockInclude,
  lanes: lanesInclude,
  lease: leaseInclude,
  notices: noticesInclude,
  record: recordInclude,
  remove: removeInclude,
  results: resultsInclude,
};

/** Puts the shared pieces that the text names in front of it. */
function script(name: string, source: string): Script {
  const names = /^--! include (.+)$/m.exec(source)?.[1]?.split(' ') ?? [];
  const pieces = names.map((include) => {
    const piece = INCLUDES[include];
    if (piece === undefined) throw new Error(`${name}.lua includes "${include}", which does not exist.`);
    return piece;
  });
  return named(name, [...pieces, source].join('\n'));
}

/**
 * Two scripts in one call, the second after the first; it returns both replies. Keys are those of the first, then those of
 * the second; arguments: how many keys and how many arguments are the first one's, then its arguments, then the second's.
 */
function inOneCall(name: string, first: Script, second: Script): Script {
  return named(
    name,
    `
local function first(KEYS, ARGV)
${first.text}
end
local function second(KEYS, ARGV)
${second.text}
end
local function slice(list, from, to)
  local part = {}
  for i = from, to do
    part[i - from + 1] = list[i]
  end
  return part
end
local keys, args = tonumber(ARGV[1]), 2 + tonumber(ARGV[2])
return {
  first(slice(KEYS, 1, keys), slice(ARGV, 3, args)),
  second(slice(KEYS, keys + 1, #KEYS), slice(ARGV, args + 1, #ARGV)),
}`,
  );
}

function named(name: string, text: string): Script {
  return { name, text, sha: createHash('sha1').update(text).digest('hex') };
}

const finishScript = script('finish', finish);
const claimScript = script('claim', claim);

/** One script per transition; each says in its head which keys and arguments it takes and what it returns. */
export const SCRIPTS = {
  ack: script('ack', ack),
  beginSweep: script('begin-sweep', beginSweep),
  cancel: script('cancel', cancel),
  claim: claimScript,
  clear: script('clear', clear),
  deleteResult: script('delete-result', deleteResult),
  extend: script('extend', extend),
  findClaims: script('find-claims', findClaims),
  findMessages: script('find-messages', findMessages),
  finish: finishScript,
  finishAndClaim: inOneCall('finish-and-claim', finishScript, claimScript),
  headers: script('headers', headers),
  holds: script('holds', holds),
  list: script('list', list),
  listWaiting: script('list-waiting', listWaiting),
  purge: script('purge', purge),
  push: script('push', push),
  read: script('read', read),
  recover: script('recover', recover),
  release: script('release', release),
  size: script('size', size),
  store: script('store', store),
  takeDeadLetter: script('take-dead-letter', takeDeadLetter),
} as const;
