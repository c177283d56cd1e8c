/** How many times more than usual the models are followed: for a long run by hand. */
export const RUNS = Number(process.env.MODEL_RUNS ?? 1);
