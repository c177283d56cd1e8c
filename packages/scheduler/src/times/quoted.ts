const LONGEST = 60;

/** A text from outside, fit for an error message: in quotes, without control characters, and not too long. */
export function quoted(text: unknown): string {
  const shown = String(text);
  const cut = shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown;
  return JSON.stringify(cut).replace(/[^\x20-\x7e…]/g, '?');
}
