/** Rows that are claimed in one transaction. */
export const BATCH = 500;

/** Claims due schedules of one database. */
export interface Claimer {
  /** Stores schedules that are due. */
  fill(count: number): Promise<void>;
  /**
   * Reads a batch of due schedules, where that comes before the claim.
   * @returns claims and advances the batch, and tells how many schedules it got
   */
  readDue(): Promise<() => Promise<number>>;
  countDue(): Promise<number>;
  /** Removes all that it stored. */
  close(): Promise<void>;
}
