import { describe, expect, it } from 'vitest';
import { InMemorySchedulerBackend } from '../../src/in-memory/in-memory-scheduler-backend.js';
import { Scheduler } from '../../src/scheduler.js';
import { after, DAY, HOUR, MINUTE, START, setup } from './setup.js';

type Bad = [what: string, definition: object, expected: { code: string; names: string; says: RegExp }];

const argument = (names: string, says: RegExp) => ({ code: 'INVALID_ARGUMENT', names, says });
const option = (names: string, says: RegExp) => ({ code: 'INVALID_CONFIG', names, says });
const json = (names: string, says: RegExp) => ({ code: 'NOT_SERIALIZABLE', names, says });

/** Each stands beside `task: 'report'`, `args: ['all']` and, unless it says when, `cron: '@daily'`. */
const BAD: Bad[] = [
  ['no object', [], option('schedule', /must be an object/)],
  ['an unknown option', { crom: '* * * * *' }, option('schedule.crom', /Known: .*cron/)],

  // The language itself is tested with the times.
  ['an empty cron (CR-06)', { cron: '' }, argument('cron', /five fields|cron/)],
  ['a cron of blanks (CR-06)', { cron: '   ' }, argument('cron', /./)],
  ['a cron of four fields (CR-06)', { cron: '* * * *' }, argument('cron', /five/)],
  ['a cron of six fields (CR-07)', { cron: '* * * * * *' }, argument('cron', /five/)],
  ['a cron of seven fields (CR-07)', { cron: '* * * * * * *', seconds: true }, argument('cron', /./)],
  ['@reboot (CR-07)', { cron: '@reboot' }, argument('cron', /./)],
  ['a minute 60 (CR-07)', { cron: '60 * * * *' }, argument('cron', /minute/i)],
  ['a cron of one field (CR-06)', { cron: '5' }, argument('cron', /five/)],
  ['a step of 0 (CR-07)', { cron: '*/0 * * * *' }, argument('cron', /minute/)],
  ['a range that goes back (CR-07)', { cron: '0 22-2 * * *' }, argument('cron', /hour/)],
  ['a 30 February (CR-05)', { cron: '0 0 30 2 *' }, argument('cron', /./)],
  ['a 31 April (CR-05)', { cron: '0 0 31 4 *' }, argument('cron', /./)],
  ['a 31 April or June (CR-05)', { cron: '0 0 31 4,6 *' }, argument('cron', /./)],
  ['a cron of 2 KB (CR-11)', { cron: `${'1,'.repeat(1_000)}1 * * * *` }, argument('cron', /./)],
  ['a cron that is no text', { cron: 5 }, argument('cron', /./)],
  ['an unknown zone (CR-09)', { timeZone: 'Mars/Phobos' }, argument('timeZone', /Mars\/Phobos/)],
  ['an injected zone (CR-09)', { timeZone: "UTC'; DROP" }, argument('timeZone', /UTC'; DROP/)],
  ['an offset for a zone', { timeZone: '+05:00' }, argument('timeZone', /\+05:00/)],
  ['null for a zone', { timeZone: null }, argument('timeZone', /./)],

  ['no interval', { every: 0 }, argument('every', /between 100 ms/)],
  ['a negative interval', { every: -1_000 }, argument('every', /between 100 ms/)],
  ['an interval too short', { every: '99ms' }, argument('every', /between 100 ms/)],
  ['an absurd interval', { every: '40000d' }, argument('every', /between/)],
  ['an interval without a unit', { every: '10' }, argument('every', /unit/)],
  ['an interval that is no number', { every: Number.NaN }, argument('every', /unit/)],
  ['an infinite interval', { every: Number.POSITIVE_INFINITY }, argument('every', /unit/)],

  ['an invalid date', { at: new Date('soon') }, argument('at', /valid Date/)],
  ['a text for a date', { at: '2026-05-01' }, argument('at', /valid Date/)],
  ['a number for a date', { at: 0 }, argument('at', /valid Date/)],
  ['what only looks like a Date', { at: Object.create(Date.prototype) }, argument('at', /valid Date/)],
  ['a Date behind a proxy', { at: new Proxy(START, {}) }, argument('at', /valid Date/)],
  ['an invalid start', { startAt: new Date(Number.NaN) }, argument('startAt', /valid Date/)],
  ['null for an end', { endAt: null }, argument('endAt', /valid Date/)],
  ['an end before the start', { startAt: after(HOUR), endAt: START }, argument('endAt', /after startAt/)],
  ['an end at the start', { startAt: START, endAt: START }, argument('endAt', /after startAt/)],
  ['a date before the start', { at: START, startAt: after(1) }, argument('at', /between/)],
  ['a date after the end', { at: after(2), endAt: after(1) }, argument('at', /between/)],
  [
    'no slot between start and end',
    { cron: '0 0 1 3 *', startAt: START, endAt: after(DAY) },
    argument('endAt', /never run.*2026-01-01T00:00:00.000Z to 2026-01-02/),
  ],

  [
    'a start after the last slot',
    { cron: '@daily', startAt: new Date('9999-12-31T12:00:00Z') },
    argument('startAt', /never run.*from 9999-12-31T12:00:00.000Z on/),
  ],

  ['nothing that says when', { cron: undefined }, argument('cron', /exactly one.*none/)],
  ['a cron and an interval', { cron: '@daily', every: '1h' }, argument('every', /exactly one.*cron and every/)],
  ['an interval and a date', { every: '1h', at: START }, argument('at', /exactly one.*every and at/)],
  ['seconds of an interval', { every: '1h', seconds: true }, argument('seconds', /cron/)],
  ['seconds in numbers', { cron: '* * * * *', seconds: 1 }, argument('seconds', /true or false/)],

  ['an unknown task', { task: 'nobody' }, { code: 'TASK_NOT_FOUND', names: 'nobody', says: /app\.task\(\)/ }],
  ['no task', { task: undefined }, argument('task', /app\.task\(\)/)],
  ['a function for a task', { task: () => {} }, argument('task', /app\.task\(\)/)],
  ['half a contract', { task: { name: 'report', takesKwargs: false } }, argument('task', /app\.task\(\)/)],
  ['a malformed task name', { task: 'a b' }, argument('task', /characters/)],

  ['null for the args', { args: null }, argument('args', /array/)],
  ['args that are no array', { args: 'all' }, argument('args', /array/)],
  ['a Date among the args', { args: [START] }, json('args[0]', /Date/)],
  ['a BigInt among the args', { args: [{ n: 1n }] }, json('args[0].n', /bigint/)],
  ['a function among the args', { args: [() => {}] }, json('args[0]', /function/)],
  ['U+0000 among the args (SQ-10)', { args: ['a\0b'] }, json('args[0]', /U\+0000/)],
  ['half a surrogate pair among the args (SQ-10)', { args: ['\ud800'] }, json('args[0]', /surrogate/)],
  [
    'args that are too large',
    { args: ['x'.repeat(1_100_000)] },
    { code: 'PAYLOAD_TOO_LARGE', names: 'args', says: /larger/ },
  ],
  ['kwargs of a task that takes none', { kwargs: { a: 1 } }, argument('kwargs', /takes no keyword/)],
  ['missing kwargs', { task: 'mail' }, argument('kwargs', /needs its keyword/)],
  ['kwargs that are no object', { task: 'mail', kwargs: ['s'] }, argument('kwargs', /needs its keyword/)],
  ['U+0000 in kwargs', { task: 'mail', kwargs: { subject: '\0' } }, json('kwargs.subject', /U\+0000/)],

  ['an id beyond ASCII (SQ-09)', { id: 'job-á' }, argument('id', /A-Z a-z/)],
  ['an empty id', { id: '' }, argument('id', /A-Z a-z/)],
  ['an id too long', { id: 'x'.repeat(129) }, argument('id', /128/)],
  ['a malformed queue', { queue: "x'; DROP TABLE" }, argument('queue', /characters/)],
  ['a malformed owner', { owner: 'two words' }, argument('owner', /characters/)],
  ['a priority out of range', { priority: 101 }, argument('priority', /-100 to 100/)],
  ['a priority in words', { priority: 'high' }, argument('priority', /-100 to 100/)],
  ['negative retries', { retries: -1 }, option('retries.max', /0 to 1000/)],
  ['a retry policy', { retries: { max: 1 } }, argument('retries', /number/)],
  ['no timeout', { timeout: 0 }, argument('timeout', /between/)],
  ['a timeout without a unit', { timeout: '5' }, argument('timeout', /unit/)],

  ['an enabled that is no boolean', { enabled: 'yes' }, argument('enabled', /true or false/)],
  ['an unknown catch-up', { catchUp: 'all' }, argument('catchUp', /"latest", "skip"/)],
  ['null for a catch-up', { catchUp: null }, option('catchUp', /object/)],
  ['a catch-up of none', { catchUp: { all: 0 } }, option('catchUp.all', /1 to 1000/)],
  ['a catch-up of too many', { catchUp: { all: 1_001 } }, option('catchUp.all', /1 to 1000/)],
  ['an unknown part of a catch-up', { catchUp: { newest: 2 } }, option('catchUp.newest', /Known: all/)],
  ['an unknown overlap', { overlap: 'queue' }, argument('overlap', /"allow" or "skip"/)],
  ['a jitter of a day', { jitter: '1d' }, argument('jitter', /between/)],
  ['a negative jitter', { jitter: -1 }, argument('jitter', /between/)],
  [
    'a jitter as long as the interval',
    { every: '1m', jitter: MINUTE },
    argument('jitter', /shorter than the interval/),
  ],
  ['no runs at all', { maxRuns: 0 }, option('maxRuns', /from 1/)],
  ['half a run', { maxRuns: 1.5 }, option('maxRuns', /integer/)],
  ['U+0000 in the description (SQ-10)', { description: 'a\0' }, json('description', /U\+0000/)],
  ['half a surrogate pair in the description (SQ-10)', { description: '\udfff' }, json('description', /surrogate/)],
  ['a description too long', { description: 'x'.repeat(1_001) }, argument('description', /1000/)],
  ['a description that is no text', { description: 5 }, argument('description', /text/)],
];

describe('a schedule', () => {
  for (const [what, definition, { code, names, says }] of BAD) {
    it(`is refused with an error that names it, and nothing is written: ${what}`, async () => {
      const { scheduler, backend } = setup();
      const timed = 'every' in definition || 'at' in definition || 'cron' in definition;
      const given = Array.isArray(definition)
        ? definition
        : { task: 'report', args: ['all'], ...(timed ? {} : { cron: '@daily' }), ...definition };
      for (const refused of [
        () => scheduler.schedule(given as never),
        () => scheduler.preview(given as never, 1),
        () => scheduler.apply([given as never], { owner: 'me' }),
      ]) {
        const err: { argument?: string; option?: string; path?: string; taskName?: string } = await refused().then(
          () => expect.unreachable('was accepted'),
          (error: unknown) => error as object,
        );
        expect(err).toMatchObject({ code, message: expect.stringMatching(says) });
        expect(err.argument ?? err.option ?? err.path ?? err.taskName).toBe(names);
      }
      expect(await backend.listAll()).toEqual([]);
    });
  }

  it('with an id that differs only by case is another one (SQ-09)', async () => {
    const { scheduler, tick } = setup();
    await scheduler.schedule({ id: 'Job-A', task: tick, every: '1h' });
    await scheduler.schedule({ id: 'job-a', task: tick, every: '2h' });
    expect((await scheduler.list()).map(({ id }) => id)).toEqual(['Job-A', 'job-a']);
  });
});

describe('a call with', () => {
  const calls: [string, (s: Scheduler) => Promise<unknown>, string][] = [
    ['a malformed id, of get', (s) => s.get(''), 'id'],
    ['a malformed id, of enable', (s) => s.enable('a b'), 'id'],
    ['a malformed id, of disable', (s) => s.disable('a b'), 'id'],
    ['a malformed id, of unschedule', (s) => s.unschedule('a b'), 'id'],
    ['a malformed id, of trigger', (s) => s.trigger('a b'), 'id'],
    ['a malformed id, of history', (s) => s.history('%'), 'id'],
    ['a malformed id, of explain', (s) => s.explain('%', START), 'id'],
    ['an invalid instant', (s) => s.explain('a', new Date('soon')), 'instant'],
    ['an invalid page', (s) => s.history('a', { limit: -1 }), 'limit'],
    ['an invalid offset', (s) => s.list({ offset: 0.5 }), 'offset'],
    ['an unknown page option', (s) => s.history('a', { page: 1 } as never), 'page.page'],
    ['an unknown filter', (s) => s.list({ name: 'a' } as never), 'filter.name'],
    ['a malformed owner to filter', (s) => s.list({ owner: '%' }), 'owner'],
    ['a malformed task to filter', (s) => s.list({ taskName: 'a b' }), 'taskName'],
    ['an enabled that is no boolean', (s) => s.list({ enabled: 1 as never }), 'enabled'],
    ['U+0000 to look for', (s) => s.list({ text: '\0' }), 'text'],
    ['a text to look for that is too long', (s) => s.list({ text: 'x'.repeat(1_001) }), 'text'],
    ['no slot to preview', (s) => s.preview('a', 0), 'count'],
    ['too many slots to preview', (s) => s.preview('a', 10_001), 'count'],
    ['no owner of a list', (s) => s.apply([], {} as never), 'owner'],
    ['an unknown option of a list', (s) => s.plan([], { owner: 'me', purge: true } as never), 'purge'],
    ['a prune that is no boolean', (s) => s.plan([], { owner: 'me', prune: 1 as never }), 'prune'],
    ['no list', (s) => s.plan({} as never, { owner: 'me' }), 'definitions'],
    ['a malformed grace', (s) => s.stop({ grace: -1 }), 'grace'],
    ['an unknown option of a stop', (s) => s.stop({ gracee: 1 } as never), 'gracee'],
    ['null for the options of a stop', (s) => s.stop(null as never), 'options'],
    ['null for the options of a run', (s) => s.run(null as never), 'options'],
    ['a text for the signal of a run', (s) => s.run({ signal: 'x' as never }), 'signal'],
    ['a malformed grace of a run', (s) => s.run({ grace: '5' as never }), 'grace'],
    ['no expression, in one line', (s) => s.scheduleCron(undefined as never, 'tick'), 'cron'],
    ['no interval, in one line', (s) => s.scheduleInterval(undefined as never, 'tick'), 'every'],
    ['no date, in one line', (s) => s.scheduleOnce(undefined as never, 'tick'), 'at'],
    ['args for the options, in one line', (s) => s.scheduleCron('@daily', 'tick', [1] as never), 'options'],
    ['null for the options, in one line', (s) => s.scheduleCron('@daily', 'tick', null as never), 'options'],
    ['a second task, in one line', (s) => s.scheduleCron('@daily', 'tick', { task: 'mail' } as never), 'task'],
    ['a second expression, in one line', (s) => s.scheduleCron('@daily', 'tick', { cron: '@hourly' } as never), 'cron'],
    [
      'seconds of an interval, in one line',
      (s) => s.scheduleInterval('1h', 'tick', { seconds: true } as never),
      'seconds',
    ],
  ];
  for (const [what, call, names] of calls) {
    it(`${what} is refused with an error that names it`, async () => {
      const { scheduler, backend } = setup();
      const err = await call(scheduler).then(
        () => expect.unreachable('was accepted'),
        (error: unknown) => error as { argument?: string; option?: string; path?: string },
      );
      expect(err.argument ?? err.option ?? err.path).toBe(names);
      expect(await scheduler.list()).toEqual([]);
      expect(await backend.listAll()).toEqual([]);
    });
  }
});

describe('a scheduler with', () => {
  const { app, tick } = setup();
  const wrong: [string, object, string][] = [
    ['an unknown option', { backends: null }, 'backends'],
    ['a backend that is none', { backend: 7 }, 'backend'],
    ['an unknown part of the backend', { backend: { tablePrefix: 'a_' } }, 'backend.tablePrefix'],
    ['an address that is no text', { backend: { url: new URL('sqlite:a.db') } }, 'backend.url'],
    ['options of the backend that are none', { backend: { url: 'sqlite:a.db', options: 'a_' } }, 'backend.options'],
    ['tasks that are no list', { tasks: tick }, 'tasks'],
    ['a promise of a backend', { backend: Promise.resolve(new InMemorySchedulerBackend()) }, 'backend'],
    ['a URL object for a backend', { backend: new URL('sqlite::memory:') }, 'backend'],
    ['a list for a backend', { backend: [] }, 'backend'],
    ['half a contract', { tasks: [{ name: 'tick', takesKwargs: false }] }, 'tasks'],
    ['a contract with a malformed name', { tasks: [{ ...tick, name: 'a b' }] }, 'tasks'],
    ['names for contracts', { tasks: ['tick'] }, 'tasks'],
    ['a malformed node name', { node: 'two words' }, 'node'],
    ['a malformed age', { retention: { age: '30' } }, 'retention.age'],
    ['a malformed count', { retention: { count: 0 } }, 'retention.count'],
    ['an unknown part of the retention', { retention: { days: 3 } }, 'retention.days'],
  ];
  for (const [what, options, names] of wrong) {
    it(`${what} is refused with an error that names it`, () => {
      try {
        new Scheduler(app, options);
        expect.unreachable('was accepted');
      } catch (err) {
        const { option, argument } = err as { option?: string; argument?: string };
        expect(option ?? argument).toBe(names);
      }
    });
  }

  it('a backend in place of the options is refused', () => {
    expect(() => new Scheduler(app, new InMemorySchedulerBackend() as never)).toThrow(
      /new Scheduler\(app, { backend }\)/,
    );
  });

  it('no app is refused', () => {
    expect(() => new Scheduler(undefined as never)).toThrow(expect.objectContaining({ option: 'app' }));
  });
});
