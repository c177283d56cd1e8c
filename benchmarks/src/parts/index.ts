import type { Part } from '../measuring/bench.js';
import { claims } from './claims.js';
import { cpu } from './cpu.js';
import { cron } from './cron.js';
import { due } from './due.js';
import { events } from './events.js';
import { growth } from './growth.js';
import { idle } from './idle.js';
import { memory } from './memory.js';
import { queues } from './queues.js';
import { start } from './start.js';
import { waits } from './waits.js';

/** In the order in which they run. */
export const PARTS: readonly Part[] = [queues, growth, waits, memory, events, cpu, start, claims, due, idle, cron];

/** The packages from npm that take part; their versions are in the report. */
export const PACKAGES: readonly string[] = [
  'bullmq',
  'bee-queue',
  'ioredis',
  'p-queue',
  'fastq',
  'piscina',
  'better-sqlite3',
  'pg',
  'mysql2',
  'pg-boss',
  'graphile-worker',
  'agenda',
  'cron-parser',
  'croner',
];
