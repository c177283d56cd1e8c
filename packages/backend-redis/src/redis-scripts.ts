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
  const text = [...pieces, source].join('\n');
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
