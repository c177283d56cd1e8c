import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishablePackages } from '../../scripts/workspace.mjs';
import {
  installers,
  installOutside,
  type PackedPackage,
  packAll,
  run,
  temporaryFolder,
  typeCheck,
} from '../support/outside-project.js';

const bin = (name: string) => new URL(`../node_modules/.bin/${name}`, import.meta.url).pathname;
const program = new URL('../fixtures/outside-program.ts', import.meta.url).pathname;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let packages: PackedPackage[];

beforeAll(async () => {
  folder = await temporaryFolder();
  packages = await packAll(folder.path);
});

afterAll(() => folder?.remove());

describe.each(publishablePackages().map(({ manifest }) => manifest.name))('the tarball of %s', (name) => {
  const tarball = () => packages.find((packed) => packed.name === name)?.tarball ?? '';

  it('holds the licence and no sources of tests', async () => {
    const files = (await run(['tar', '-tzf', tarball()], folder.path)).split('\n');
    expect(files).toContain('package/LICENSE');
    expect(files).toContain('package/README.md');
    expect(files.filter((file) => /\/test\/|\.test\./.test(file))).toEqual([]);
  });

  it('passes publint', async () => {
    await run([bin('publint'), 'run', tarball(), '--strict'], folder.path);
  });

  it('passes attw as an ESM-only package', async () => {
    await run([bin('attw'), tarball(), '--profile', 'esm-only'], folder.path);
  });
});

describe.each(Object.keys(installers) as (keyof typeof installers)[])(
  'a project outside, installed by %s',
  (installer) => {
    let project: string;

    beforeAll(async () => {
      project = await installOutside(folder.path, packages, installer);
    });

    it('imports every entry', async () => {
      const entries = packages.flatMap((packed) => packed.entries);
      const code = `for (const entry of ${JSON.stringify(entries)}) console.log(entry, Object.keys(await import(entry)).length > 0);`;
      const output = await run([process.execPath, '--input-type=module', '-e', code], project);
      expect(output.trim().split('\n')).toEqual(entries.map((entry) => `${entry} true`));
    });

    it('requires every entry', async () => {
      const entries = packages.flatMap((packed) => packed.entries);
      const code = `for (const entry of ${JSON.stringify(entries)}) console.log(entry, Object.keys(require(entry)).length > 0);`;
      const output = await run([process.execPath, '--input-type=commonjs', '-e', code], project);
      expect(output.trim().split('\n')).toEqual(entries.map((entry) => `${entry} true`));
    });

    it.each(['node16', 'bundler'] as const)('type-checks a program with moduleResolution %s', async (resolution) => {
      await typeCheck(project, program, resolution);
    });
  },
);
