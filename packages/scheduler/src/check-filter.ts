import {
  ArgumentError,
  checkName,
  checkOptions,
  checkPage,
  encodeJson,
  type Page,
  type ScheduleFilter,
} from '@flowrra/core';

/** No id, task name or description is longer; and stores have limits for what they look for. */
const LONGEST_TEXT = 1_000;

/** @throws ArgumentError, ConfigError, SerializationError for a condition that no schedule could be asked for */
export function checkFilter(filter: unknown): ScheduleFilter {
  const checked = checkConditions(filter);
  const { taskName, owner } = checked;
  if (taskName !== undefined) checkName(taskName, 'taskName');
  if (owner !== undefined && owner !== null) checkName(owner, 'owner');
  return checked;
}

/** The same for stores, whose words need not be names. */
export function checkConditions(filter: unknown): ScheduleFilter {
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
  for (const [name, word] of Object.entries({ taskName, owner: owner ?? undefined }))
    if (word !== undefined && typeof word !== 'string') throw new ArgumentError(name, `${name} must be a text.`);
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

/** @throws ConfigError for what is no page; its counts are for `checkPage` */
export function checkPageOptions(page: unknown): Page {
  return checkOptions<Page>(page, 'page', ['limit', 'offset']);
}
