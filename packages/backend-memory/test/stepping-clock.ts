import { ManualClock } from '@flowrra/core/testing';

/** For runs in which nobody waits: time passes without the turns of the event loop that a manual clock gives. */
export class SteppingClock extends ManualClock {
  #stepped = 0;

  override now(): number {
    return super.now() + this.#stepped;
  }

  step(ms: number): void {
    this.#stepped += ms;
  }
}
