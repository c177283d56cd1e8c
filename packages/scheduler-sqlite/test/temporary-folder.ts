import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for the databases of one test. */
export function temporaryFolder(): { file(name: string): string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'flowrra-sqlite-'));
  return { file: (name) => join(path, name), remove: () => rmSync(path, { recursive: true, force: true }) };
}
