import { IOExecutor } from '@flowrra/core';

/** Shows what an app keeps to itself: where its events are told. */
export class OpenExecutor extends IOExecutor {
  get events() {
    return this.client.events;
  }
}
