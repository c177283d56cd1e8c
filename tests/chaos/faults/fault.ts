import type { Random } from '../random.mjs';
import type { ChaosWorld } from '../world.js';

/** Something that goes wrong, and is over again when it resolves. It notes in the history when and whom it hits. */
export type Fault = (world: ChaosWorld, random: Random) => Promise<void>;
