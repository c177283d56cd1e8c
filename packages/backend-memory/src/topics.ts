import type { Logger } from '@flowrra/core';

type Listener = (text: string) => void;

/** Who listens to which topic, in this process. */
export class Topics {
  readonly #listeners = new Map<string, Set<{ readonly hear: Listener }>>();

  /** A listener that throws is logged; the others hear the text all the same. */
  publish(topic: string, text: string, logger: Logger): void {
    for (const listener of this.#listeners.get(topic) ?? []) {
      try {
        listener.hear(text);
      } catch (err) {
        logger.error({ err, topic }, 'a subscriber failed');
      }
    }
  }

  /** @returns ends the subscription */
  subscribe(topic: string, hear: Listener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners);
    // Wrapped, so that the same function can subscribe twice.
    const listener = { hear };
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) this.#listeners.delete(topic);
    };
  }

  clear(): void {
    this.#listeners.clear();
  }
}
