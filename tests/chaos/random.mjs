/**
 * Numbers that follow from a seed (mulberry32).
 * @param {number} seed
 */
export function seededRandom(seed) {
  let state = seed >>> 0;
  /** @returns {number} from 0 to below 1 */
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    /** From 0 to below `below`. @param {number} below */
    integer: (below) => Math.floor(next() * below),
    /** @param {number} probability */
    chance: (probability) => next() < probability,
    /** @template T @param {readonly T[]} items @returns {T} one of them; undefined only when there is none */
    pick: (items) => /** @type {T} */ (items[Math.floor(next() * items.length)]),
    /** Another sequence, which follows from this one. */
    fork: () => seededRandom(Math.floor(next() * 4294967296)),
  };
}

/** @typedef {ReturnType<typeof seededRandom>} Random */
