import { ArgumentError, checkName, checkOptions, checkPage, encodeJson, type ScheduleFilter } from '@flowrra/core';

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
    if (typeof text !== 'string') throw new ArgumentError('text', 'text must be a text to look for.');
    // A store could choke on what no description can hold.
    encodeJson(text, 'text');
  }
  return checked;
}
