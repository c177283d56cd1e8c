import assert from 'node:assert/strict';

/** The functions of a test runner that a suite needs; vitest, jest and node:test have them. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** Defines one promise of a contract as a test that gets a world of its own. */
export interface DefinePromise<Fixture, Need, Settings> {
  (name: string, body: (fixture: Fixture) => Promise<void>): void;
  (name: string, options: PromiseOptions<Need, Settings>, body: (fixture: Fixture) => Promise<void>): void;
}

export interface PromiseOptions<Need, Settings> {
  /** What the world must be able to do for this promise to be checked. */
  needs?: readonly Need[];
  settings?: Settings;
}

/** How a suite makes worlds and asks what they can do. */
export interface SuitePlan<Fixture, Need, Settings> {
  /** What the subject says it cannot do. */
  without: readonly Need[];
  create(settings: Partial<Settings>): Promise<Fixture & { close(): Promise<void> }>;
  can(need: Need): Promise<boolean>;
}

/**
 * Defines themes of promises. A promise that needs what the subject is `without` is not checked, and that is said in a
 * test of its own, which fails when the subject can do it after all.
 */
export function createSuite<Fixture, Need extends string, Settings>(
  { describe, it }: TestRunner,
  plan: SuitePlan<Fixture, Need, Settings>,
) {
  function theme(name: string, define: (promise: DefinePromise<Fixture, Need, Partial<Settings>>) => void): void {
    describe(name, () => {
      const unchecked = new Map<Need, string[]>();
      define((promiseName, ...rest: unknown[]) => {
        // The two forms of DefinePromise: the options may be left out.
        const [options, body] = (rest.length === 2 ? rest : [{}, rest[0]]) as [
          PromiseOptions<Need, Partial<Settings>>,
          (fixture: Fixture) => Promise<void>,
        ];
        const lacking = options.needs?.find((need) => plan.without.includes(need));
        if (lacking === undefined) it(promiseName, () => inWorld(plan, options.settings ?? {}, body));
        else unchecked.set(lacking, [...(unchecked.get(lacking) ?? []), promiseName]);
      });
      for (const [need, names] of unchecked) {
        it(`not checked without ${need}: ${names.map((name) => `"${name}"`).join(', ')}`, async () => {
          assert.equal(await plan.can(need), false, `The subject can do "${need}": take it out of its \`without\`.`);
        });
      }
    });
  }
  return { theme };
}

async function inWorld<Fixture, Need, Settings>(
  plan: SuitePlan<Fixture, Need, Settings>,
  settings: Partial<Settings>,
  body: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const world = await plan.create(settings);
  try {
    await body(world);
  } finally {
    await world.close();
  }
}

/** An optional function of a world; called although it is missing, it says what to do. */
export function required<Args extends unknown[], Value>(
  hook: ((...args: Args) => Promise<Value>) | undefined,
  name: string,
): (...args: Args) => Promise<Value> {
  return (
    hook ??
    (() =>
      Promise.reject(new Error(`The world has no ${name}(): add it, or list '${name}' in the subject's \`without\`.`)))
  );
}
