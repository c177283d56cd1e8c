import { ArgumentError, checkName, checkOptions, checkPage, encodeJson, type ScheduleFilter } from '@flowrra/core';

/** No id, task name or description is longer; and stores have limits for what they look for. */
const LONGEST_TEXT = 1_000;

/** @throws ArgumentError, ConfigError, SerializationError for a condition that no schedule could be asked for */
export function checkFilter(filter: unknown): ScheduleFilter {
  const checked = checkOptions<ScheduleFilter>(filter, 'filter', [
    'taskName',
    'owner',
    'enabled',
    'text',
    'limit',
    'offset',
  ]);
  const { taskName, owner, enabled, text } = checked;
  checkPage(checked);
  if (taskName !== undefined) checkName(taskName, 'taskName');
  if (owner !== undefined && owner !== null) checkName(owner, 'owner');
  if (enabled !== undefined && typeof enabled !== 'boolean')
    throw new ArgumentError('enabled', 'enabled must be true or false.');
  if (text !== undefined) {
    if (typeof text !== 'string' || text.length > LONGEST_TEXT)
      throw new ArgumentError('text', `text must be a text of at most ${LONGEST_TEXT} characters to look for.`);
    // A store could choke on what no description can hold.
    encodeJson(text, 'text');
  }
  return checked;
}
