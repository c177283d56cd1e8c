import { databaseFaults } from './databases.js';
import type { Fault } from './fault.js';
import { linkFaults } from './links.js';
import { processFaults } from './processes.js';
import { redisFaults } from './redis.js';

const serverFaults = { ...redisFaults, ...databaseFaults };
const otherFaults = { ...processFaults, ...linkFaults };

export type FaultKind = keyof typeof serverFaults | keyof typeof otherFaults;

/** Everything that can go wrong in a run, by name. */
export const FAULTS: Readonly<Record<FaultKind, Fault>> = { ...serverFaults, ...otherFaults };

/** Faults of servers come one after the other: two restarts of one server would meet. */
export const SERVER_FAULTS = Object.keys(serverFaults) as FaultKind[];
export const PROCESS_AND_LINK_FAULTS = Object.keys(otherFaults) as FaultKind[];
