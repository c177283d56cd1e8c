import { randomUUID } from 'node:crypto';

/** Set by the producer for its worker processes, so that all of them mean the same keys, tables and folder. */
const givenRunId = process.env.DEMO_RUN_ID;
export const isWorker = givenRunId !== undefined;
export const runId = givenRunId ?? randomUUID().slice(0, 8);
