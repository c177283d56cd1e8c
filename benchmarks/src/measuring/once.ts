/** For what takes long and spreads little: measures in the first repetition only. */
export function once<Figures extends object>(measure: () => Promise<Figures>): () => Promise<Partial<Figures>> {
  let measured = false;
  return async () => {
    if (measured) return {};
    measured = true;
    return measure();
  };
}
