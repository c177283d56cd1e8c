const LONGEST = 60;

/** A text from outside, fit for an error message: in quotes, without control characters, and not too long. */
export function quoted(text: unknown): string {
  const shown = shownAs(text);
  const cut = shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown;
  return JSON.stringify(cut).replace(/[^\x20-\x7e…]/g, '?');
}

function shownAs(value: unknown): string {
  try {
    return String(value);
  } catch {
    // An object can refuse to be a text, and a wrong argument must not end in another error than that.
    return typeof value;
  }
}
