import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { findProgram } from '@flowrra/testing-servers/programs';

/** What the figures depend on: the machine, and the versions of all that took part. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly versions: Readonly<Record<string, string>>;
}

const SERVERS = { Redis: 'redis-server', PostgreSQL: 'postgres', MariaDB: 'mariadbd' } as const;

/** @param packages the packages from npm whose versions count */
export function describeMachine(packages: readonly string[]): Machine {
  const cores = cpus();
  return {
    processor: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    versions: {
      Node: process.versions.node,
      ...Object.fromEntries(Object.entries(SERVERS).map(([name, program]) => [name, serverVersion(program)])),
      ...Object.fromEntries(packages.map((name) => [name, packageVersion(name)])),
    },
  };
}

function serverVersion(program: string): string {
  const text = execFileSync(findProgram(program), ['--version'], { encoding: 'utf8' });
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? text.trim();
}

/** Not every package exports its package.json: it is looked for from the entry upwards. */
export function packageVersion(name: string): string {
  let folder = dirname(createRequire(import.meta.url).resolve(name));
  for (;;) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (manifest.name === name) return manifest.version;
    } catch {
      // None here: higher up.
    }
    if (folder === dirname(folder)) throw new Error(`${name} has no package.json above its entry.`);
    folder = dirname(folder);
  }
}
