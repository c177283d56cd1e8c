// An app of a chaos run: its stores note what is done to them, and have narrow windows in which to die.
import { RedisBackend, RedisBroker } from '@flowrra/backend-redis';
import { Flowrra, JoinedTaskStore, systemClock } from '@flowrra/core';
import { codeOf, logger, monotonic, note, reach, settings } from './actor.mjs';

const { lease } = settings;

/** @param {import('@flowrra/core').ClaimedTask} task */
function fenced({ lease: { id, fence } }) {
  return { id, fence };
}

/**
 * A word on what becomes of a task, in the history, with a window before and after it.
 * @param {'finish' | 'retry' | 'release'} name
 * @param {object} what
 * @param {() => Promise<boolean>} step
 */
async function settle(name, what, step) {
  note({ event: `${name}.invoke`, ...what });
  await reach(`before ${name}`);
  try {
    const accepted = await step();
    await reach(`after ${name}`);
    note({ event: `${name}.ok`, ...what, accepted });
    return accepted;
  } catch (err) {
    note({ event: `${name}.info`, ...what, code: codeOf(err) });
    throw err;
  }
}

/**
 * @param {readonly import('@flowrra/core').ClaimedTask[]} tasks
 * @param {number} since when they were asked for
 */
function noteClaims(tasks, since) {
  const claims = tasks.map((task) => {
    const { attempt, crashes, verdict } = task;
    return { ...fenced(task), attempt, crashes, verdict };
  });
  note({ event: 'claim', since, claims });
}

/**
 * A claim that stays open, with what it brings in the history.
 * @param {import('@flowrra/core').OpenClaim<import('@flowrra/core').ClaimedTask>} open
 * @param {number} since
 * @returns {import('@flowrra/core').OpenClaim<import('@flowrra/core').ClaimedTask>}
 */
function notedOpen(open, since) {
  let askedAt = since;
  return {
    hear: (take, freeSlots) =>
      open.hear((tasks) => {
        noteClaims(tasks, askedAt);
        askedAt = monotonic();
        take(tasks);
      }, freeSlots),
    close: () => open.close(),
  };
}

/**
 * The store, with what workers do to it in the history.
 * @param {import('@flowrra/core').TaskStore} store
 * @returns {import('@flowrra/core').TaskStore}
 */
function noted(store) {
  /** @type {Partial<import('@flowrra/core').TaskStore>} */
  const watched = {
    async claim(request) {
      const since = monotonic();
      await reach('before claim');
      const reply = await store.claim(request);
      if (reply.open) return { ...reply, open: notedOpen(reply.open, since) };
      if (reply.claims.length === 0) return reply;
      await reach('after claim');
      noteClaims(reply.claims, since);
      return reply;
    },
    async extend(leases, leaseMs) {
      const since = monotonic();
      try {
        return await store.extend(leases, leaseMs);
      } finally {
        const ms = monotonic() - since;
        if (ms > lease / 8) note({ event: 'stall', ms });
      }
    },
    finish: (task, outcome) => settle('finish', fenced(task), () => store.finish(task, outcome)),
    retry: (task, request) => settle('retry', fenced(task), () => store.retry(task, request)),
    release: (task, options) =>
      settle('release', { ...fenced(task), reason: options.reason }, () => store.release(task, options)),
  };
  return new Proxy(store, {
    get(target, name) {
      const method = Reflect.get(watched, name) ?? Reflect.get(target, name);
      // Bound: stores have private parts, which a proxy has not.
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });
}

/**
 * Windows between the two steps of a pair that is not one.
 * @param {object} store
 * @param {Record<string, string>} methods what each is called among the windows
 */
function windows(store, methods) {
  for (const [name, window] of Object.entries(methods)) {
    const method = /** @type {any} */ (store)[name].bind(store);
    Object.assign(store, {
      [name]: async (/** @type {any[]} */ ...args) => {
        await reach(`before ${window}`);
        const reply = await method(...args);
        await reach(`after ${window}`);
        return reply;
      },
    });
  }
}

/** Redis stores as one pair or as two, and how to close them. */
function openStores() {
  const { messages, results, keyPrefix, ttl, dedupeWindow } = settings;
  const backend = new RedisBackend(results ?? messages, { keyPrefix, ttl });
  const broker = new RedisBroker(messages, { keyPrefix, dedupeWindow });
  if (results) {
    windows(broker, { push: 'push', ack: 'ack' });
    windows(backend, { store: 'result' });
  }
  const fuse = broker.fuse.bind(broker);
  broker.fuse = async (other) => {
    const context = { clock: systemClock, logger };
    return noted((await fuse(other)) ?? new JoinedTaskStore(broker, other, context));
  };
  return {
    backend,
    broker,
    close: async () => {
      await broker.close();
      await backend.close();
    },
  };
}

/** @param {import('@flowrra/core').ExecutorConfig} [executor] */
export function openApp(executor = {}) {
  const { backend, broker, close } = openStores();
  const app = new Flowrra({
    backend,
    broker,
    logger,
    executor: { lease, pollInterval: '300ms', ...executor },
    clock: { ...systemClock, now: () => systemClock.now() + settings.skew },
  });
  return { app, close };
}
