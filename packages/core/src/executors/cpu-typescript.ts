import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Whether the href names a TypeScript file. */
export function isTypeScript(module: string): boolean {
  return /\.[cm]?tsx?$/.test(new URL(module).pathname);
}

/** Whether the href names a file that is not there. */
export function isMissingFile(module: string): boolean {
  return module.startsWith('file:') && !existsSync(fileURLToPath(module));
}

/** The module itself, or its source where nothing is built: TypeScript code says `./hash.js` and means `./hash.ts`. */
export function builtOrSource(module: string): string {
  if (!isMissingFile(module)) return module;
  const source = module.replace(/\.([cm]?)js$/, '.$1ts');
  return isMissingFile(source) ? module : source;
}

let shared: Promise<void> | undefined;

/**
 * Gives this thread tsx when the process was started with it: on many versions of Node tsx serves the main thread alone,
 * and registering it twice is harmless. Other loaders that `--import` names run in every thread anyway. To be called
 * before the first import, as Node remembers a failed one.
 */
export function shareTsx(): Promise<void> {
  // Without tsx plain JavaScript still runs, and TypeScript says what it lacks.
  shared ??= registerTsx().catch(() => undefined);
  return shared;
}

async function registerTsx(): Promise<void> {
  const loader = preloadsOf(process.execArgv, process.env.NODE_OPTIONS).find(isTsx);
  if (!loader) return;
  const require = createRequire(loader.startsWith('file:') ? loader : pathToFileURL(`${process.cwd()}/`));
  const packageFile = require.resolve('tsx/package.json');
  // Both shapes are public ones of tsx: its exports map, and register() of tsx/esm/api, which fails when it is required.
  const { exports } = require(packageFile) as { exports: { './esm/api': { import: { default: string } } } };
  const entry = new URL(exports['./esm/api'].import.default, pathToFileURL(packageFile));
  const api = (await import(entry.href)) as { register(): unknown };
  api.register();
}

/** What `--import` and `--loader` name, in the command line and in NODE_OPTIONS. */
function preloadsOf(execArgv: readonly string[], nodeOptions = ''): string[] {
  const words = [...execArgv, ...nodeOptions.split(/\s+/)].flatMap((word) => word.split('=', 2));
  return words.filter((_word, i) => words[i - 1] === '--import' || words[i - 1] === '--loader');
}

function isTsx(specifier: string): boolean {
  return /^tsx(\/esm)?$/.test(specifier) || /^file:.*\/tsx\/dist\//.test(specifier);
}
