import type { Flowrra, ScheduledTask, Timer } from '@flowrra/core';
import { versionOf } from '../stored-schedule.js';
import { callOptions, refusalText } from './slot-submitter.js';
import type { FindTask } from './unknown-tasks.js';

/** Milliseconds in which the schemas of tasks answer. */
const ANSWER_WITHIN = 5_000;
const NO_ANSWER = refusalText(`its schema did not answer within ${ANSWER_WITHIN / 1_000} s.`);

export interface CallChecksParts {
  readonly app: Flowrra;
  readonly findTask: FindTask;
}

/** Asks whether tasks would be refused. The schema of a task is its author's: one that never answers holds up no other task. */
export class CallChecks {
  readonly #parts: CallChecksParts;
  /** Versions of schedules whose check is under way; they are not asked about, and waited for, again. */
  readonly #unanswered = new Set<string>();

  constructor(parts: CallChecksParts) {
    this.#parts = parts;
  }

  /** For each schedule why its task would be refused; null where it would not. */
  async errorsOf(schedules: readonly ScheduledTask[]): Promise<(string | null)[]> {
    let timer: Timer | undefined;
    const tooLate = new Promise<string>((resolve) => {
      timer = this.#parts.app.clock.after(ANSWER_WITHIN, () => resolve(NO_ANSWER));
    });
    try {
      return await Promise.all(schedules.map((schedule) => this.#ask(schedule, tooLate)));
    } finally {
      timer?.cancel();
    }
  }

  #ask(schedule: ScheduledTask, tooLate: Promise<string>): Promise<string | null> | string {
    const version = versionOf(schedule);
    if (this.#unanswered.has(version)) return NO_ANSWER;
    this.#unanswered.add(version);
    const answer = this.#errorOf(schedule).finally(() => this.#unanswered.delete(version));
    return Promise.race([answer, tooLate]);
  }

  async #errorOf(schedule: ScheduledTask): Promise<string | null> {
    const { app, findTask } = this.#parts;
    const contract = findTask(schedule.taskName);
    try {
      if (contract) await app.checkCall(contract, schedule.args, callOptions(schedule));
      return null;
    } catch (err) {
      return refusalText(err);
    }
  }
}
