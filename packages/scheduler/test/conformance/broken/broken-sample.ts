import type { InMemorySchedulerBackend } from '../../../src/in-memory/in-memory-scheduler-backend.js';

/** Bugs, each with the promise that must catch it. */
export type BrokenSamples = readonly (readonly [new () => InMemorySchedulerBackend, string])[];
