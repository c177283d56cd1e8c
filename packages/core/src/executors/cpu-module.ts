import { CpuModuleError } from '../errors.js';
import { builtOrSource, isMissingFile, isTypeScript, shareTsx } from './cpu-typescript.js';

export type CpuFunction = (...args: readonly unknown[]) => unknown;

/** Of this thread. Node caches modules too, but asking it costs more than a short task. */
const loaded = new Map<string, CpuFunction>();

/**
 * The exported function of a CPU task's module.
 * @param module href
 * @throws CpuModuleError when the module cannot be loaded or has no such function; it says what to do
 */
export async function loadCpuFunction(module: string, exportName: string): Promise<CpuFunction> {
  const key = `${exportName} ${module}`;
  const known = loaded.get(key);
  if (known) return known;
  const found = pickFunction(await importModule(module, exportName), module, exportName);
  loaded.set(key, found);
  return found;
}

type Exports = Readonly<Record<string, unknown>>;

async function importModule(module: string, exportName: string): Promise<Exports> {
  const file = builtOrSource(module);
  try {
    await shareTsx();
    return await import(file);
  } catch (cause) {
    throw new CpuModuleError(`CPU module ${file} (for its export "${exportName}") ${whyNotLoaded(file, cause)}`, {
      cause,
    });
  }
}

function pickFunction(exports: Exports, module: string, exportName: string): CpuFunction {
  // Node does not see all names that a CommonJS module exports; they are in its default export.
  const value = exports[exportName] ?? memberOf(exports.default, exportName);
  // Any function takes any arguments at run time; the task's type has checked them where it was called.
  if (typeof value === 'function') return value as CpuFunction;
  const names = Object.keys(exports).sort().join(', ') || 'nothing';
  const problem =
    value === undefined ? 'does not exist' : `is no function but ${value === null ? 'null' : `a ${typeof value}`}`;
  throw new CpuModuleError(
    `The export "${exportName}" of CPU module ${module} ${problem}. The module exports: ${names}. ` +
      'Export the handler as a function under that name, or correct `export` in the task.',
  );
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Exports)[key] : undefined;
}

function whyNotLoaded(module: string, cause: unknown): string {
  if (isMissingFile(module)) return 'does not exist. Check the URL; after a build the file must be part of the output.';
  if (codeOf(cause) === 'ERR_UNKNOWN_FILE_EXTENSION' && isTypeScript(module)) {
    return (
      `is TypeScript, which Node ${process.versions.node} does not run by itself. Build it and point to the JavaScript, ` +
      'start the process with --import tsx, or use Node 22.18 or newer.'
    );
  }
  return `cannot be loaded: ${messageOf(cause)}. Correct the module or what it imports; see the cause.`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'its code threw a value that is no error';
}
