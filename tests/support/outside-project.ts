import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pnpm } from '../../scripts/tools.mjs';
import { publishablePackages } from '../../scripts/workspace.mjs';

/** A package as users get it. */
export interface PackedPackage {
  readonly name: string;
  readonly tarball: string;
  /** What can be imported: `@flowrra/core`, `@flowrra/core/testing`, …; from the manifest inside the tarball. */
  readonly entries: readonly string[];
  /** What some of the entries need beside the package, by name and version. */
  readonly optionalPeers: Readonly<Record<string, string>>;
}

interface PackedManifest {
  readonly exports?: Record<string, unknown>;
  readonly peerDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

/** Runs a command line; its output is the error's message when it fails. */
export async function run(commandLine: readonly string[], cwd: string): Promise<string> {
  const [command = '', ...args] = commandLine;
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${commandLine.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** A folder outside the workspace, so that nothing is found by accident in a node_modules above it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'flowrra-tests-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Packs every package that is not private into the folder. */
export async function packAll(folder: string): Promise<PackedPackage[]> {
  const packed: PackedPackage[] = [];
  for (const { folder: source, manifest } of publishablePackages()) {
    const output = await run(pnpm('pack', '--json', '--pack-destination', folder), source);
    const { filename } = JSON.parse(output) as { filename: string };
    const content = await run(['tar', '-xzOf', filename, 'package/package.json'], folder);
    const { exports = {}, peerDependencies = {}, peerDependenciesMeta = {} } = JSON.parse(content) as PackedManifest;
    const entries = Object.keys(exports)
      .filter((key) => key !== './package.json')
      .map((key) => manifest.name + key.slice(1));
    const optionalPeers = Object.fromEntries(
      Object.entries(peerDependencies).filter(([peer]) => peerDependenciesMeta[peer]?.optional),
    );
    packed.push({ name: manifest.name, tarball: filename, entries, optionalPeers });
  }
  return packed;
}

/**
 * The command lines that install what an outside project's package.json names. Without scripts: better-sqlite3 would be
 * compiled, for a minute, where no binary fits; importing it does not take one.
 */
export const installers = {
  npm: ['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts'],
  // The folder lies outside of every workspace; pnpm is told so, in case somebody keeps one above.
  pnpm: pnpm('install', '--ignore-workspace', '--ignore-scripts'),
};

/** Writes a project that depends on the tarballs and on what they can work with, and installs it. */
export async function installOutside(
  folder: string,
  packages: readonly PackedPackage[],
  installer: keyof typeof installers,
): Promise<string> {
  const project = join(folder, installer);
  await mkdir(project);
  const tarballs = Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]));
  // The packages name each other as peers in versions that no registry has yet: all of them mean the tarballs.
  const overrides = Object.fromEntries(packages.map(({ name }) => [name, `$${name}`]));
  const manifest = {
    name: 'outside',
    private: true,
    type: 'module',
    dependencies: Object.assign({}, ...packages.map(({ optionalPeers }) => optionalPeers), tarballs),
    overrides,
    pnpm: { overrides },
  };
  await writeFile(join(project, 'package.json'), JSON.stringify(manifest, null, 2));
  await run(installers[installer], project);
  return project;
}

/** Type-checks one file inside the project with the workspace's compiler, the packages' own declarations included. */
export async function typeCheck(
  project: string,
  program: string,
  moduleResolution: 'node16' | 'bundler',
): Promise<void> {
  await writeFile(join(project, 'program.ts'), await readFile(program));
  const workspaceTypes = new URL('../node_modules/@types', import.meta.url).pathname;
  const compilerOptions = {
    target: 'ES2022',
    module: moduleResolution === 'node16' ? 'node16' : 'esnext',
    moduleResolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [workspaceTypes],
  };
  const config = `tsconfig.${moduleResolution}.json`;
  await writeFile(join(project, config), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
  const compiler = new URL('../node_modules/typescript/bin/tsc', import.meta.url).pathname;
  await run([process.execPath, compiler, '-p', config], project);
}
