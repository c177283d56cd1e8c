/** Times that no plan changes, in milliseconds. */
export const TIMES = {
  lease: 2_000,
  grace: 1_500,
  /** Between two slots of a schedule. */
  slotsEvery: 700,
  /** Load before the first fault and after the last one. */
  calm: 1_500,
  /** Before a retry of the load's tasks; the actors have the same number. */
  retryDelay: 150,
} as const;
