import { FLOWRRA, type Row, type RowDefinition } from './row.js';

/** A system that takes part. `measure` returns one figure per row, or leaves out what the system does not offer. */
export interface Contestant<Name extends string> {
  readonly system: string;
  readonly measure: () => Promise<Partial<Record<Name, number>>>;
}

/** Who is measured, and which of the figures become rows. */
export interface Contest<Name extends string> {
  readonly rows: Readonly<Partial<Record<Name, RowDefinition>>>;
  readonly contestants: readonly Contestant<Name>[];
}

export interface BenchOptions {
  /** One short repetition, which shows that everything works. */
  readonly quick: boolean;
  readonly repetitions: number;
  /** Without the peers. */
  readonly alone: boolean;
  readonly say: (line: string) => void;
}

/** Lets systems compete, by turns, and collects the rows. */
export class Bench {
  readonly rows: Row[] = [];
  readonly #options: BenchOptions;
  #part = '';

  constructor(options: BenchOptions) {
    this.#options = options;
  }

  get quick(): boolean {
    return this.#options.quick;
  }

  /** How much to do: the second number in the quick form. */
  amount(full: number, quick: number): number {
    return this.quick ? quick : full;
  }

  async run({ name, measure }: Part): Promise<void> {
    this.#part = name;
    await measure(this);
  }

  /** Measures all by turns, so that what the machine does meanwhile strikes all of them. */
  async compete<Name extends string>({ rows, contestants: all }: Contest<Name>): Promise<void> {
    const contestants = this.#options.alone ? all.filter(({ system }) => system.startsWith(FLOWRRA)) : all;
    const definitions = Object.entries(rows) as [Name, RowDefinition][];
    const figures = new Map(definitions.map(([name]) => [name, new Map<string, number[]>()]));
    for (let repetition = 0; repetition < this.#options.repetitions; repetition++) {
      for (let turn = 0; turn < contestants.length; turn++) {
        // Whoever begins is another one each time.
        const { system, measure } = contestants[(repetition + turn) % contestants.length] as Contestant<Name>;
        const measured = await measure();
        for (const [name, { title, unit }] of definitions) {
          const figure = measured[name];
          if (figure === undefined) continue;
          const ofRow = figures.get(name) as Map<string, number[]>;
          ofRow.set(system, [...(ofRow.get(system) ?? []), figure]);
          this.#options.say(`${title}: ${system} ${figure.toPrecision(4)} ${unit}`);
        }
      }
    }
    for (const [name, definition] of definitions)
      this.rows.push({ ...definition, part: this.#part, figures: figures.get(name) as Map<string, number[]> });
  }
}

/** Rows that belong together, and can be asked for alone. */
export interface Part {
  readonly name: string;
  /** What is compared, for the reader of the report. */
  readonly about: string;
  readonly measure: (bench: Bench) => Promise<void>;
}
