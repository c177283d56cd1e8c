/**
 * What the history keeps of a result.
 * @param {import('@flowrra/core').TaskResult | null} result
 * @returns {import('./entries.js').Seen | null}
 */
export function seenOf(result) {
  if (!result) return null;
  const { status, fence, attempt } = result;
  // Handlers of the load return nothing else.
  const value = /** @type {import('./entries.js').RunValue} */ (status === 'success' && result.result);
  if (status === 'success') return { status, fence, attempt, value, code: null };
  if (status !== 'failed' && status !== 'cancelled') return { status, fence, attempt, value: null, code: null };
  const { code, message } = result.error;
  // Handlers that fail on purpose say in JSON which run it was.
  return { status, fence, attempt, value: message.startsWith('{') ? JSON.parse(message) : null, code: code ?? null };
}
