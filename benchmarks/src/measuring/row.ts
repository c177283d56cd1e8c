import { median } from './statistics.js';

export const FLOWRRA = 'Flowrra';

/** What must hold: of Flowrra's figure over that of a peer in the same run, or of the figure itself. */
export type Goal = ({ readonly against: string } | { readonly against?: undefined }) &
  ({ readonly atLeast: number } | { readonly atMost: number });

/** What is measured of several systems, and what must come out. */
export interface RowDefinition {
  readonly title: string;
  readonly unit: string;
  readonly goals: readonly Goal[];
  /** Shown in the chart as well. */
  readonly charted?: boolean;
}

/** A row with its figures: one per repetition, by system. */
export interface Row extends RowDefinition {
  readonly part: string;
  readonly figures: ReadonlyMap<string, readonly number[]>;
}

/** Flowrra's median over that of the other; NaN when one of them was not measured. */
export function ratio(row: Row, against: string): number {
  return median(row.figures.get(FLOWRRA) ?? []) / median(row.figures.get(against) ?? []);
}

export function holds(row: Row, goal: Goal): boolean {
  const value = goal.against === undefined ? median(row.figures.get(FLOWRRA) ?? []) : ratio(row, goal.against);
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
}
