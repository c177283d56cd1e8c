import { Redis } from 'ioredis';
import type { Argument } from '../../src/redis-link.js';
import { SCRIPTS, type Script } from '../../src/redis-scripts.js';

/** A mistake in a script: what it should say, and what it says instead. */
export interface Mistake {
  readonly name: string;
  readonly scripts: readonly (keyof typeof SCRIPTS)[];
  readonly right: string;
  readonly wrong: string;
}

const HOLDERS = ['release', 'extend', 'ack'] as const;
const ENDS = ['finish', 'finishAndClaim'] as const;

/** What somebody may well get wrong, each in one place. */
export const MISTAKES: readonly Mistake[] = [
  {
    name: 'takes any holder for the latest one',
    scripts: HOLDERS,
    right: 'itsFence == fence and itsExpiry > now',
    wrong: 'itsExpiry > now',
  },
  {
    name: 'takes a lease that has ended for one that holds',
    scripts: HOLDERS,
    right: 'itsFence == fence and itsExpiry > now',
    wrong: 'itsFence == fence',
  },
  {
    name: 'lets an earlier delivery end the task',
    scripts: ENDS,
    right: 'text:find(delivery, 1, true) ~= #expiry + 1',
    wrong: 'false',
  },
  {
    name: 'forgets to count a lease as given back',
    scripts: ENDS,
    right: "redis.call('DECRBY', KEYS[HELD], #ended)",
    wrong: '',
  },
  {
    name: 'calls another end of the same run a repetition',
    scripts: ENDS,
    right: 'stored and withoutTimes(stored) == withoutTimes(record)',
    wrong: "stored and stored:find('^f') ~= nil",
  },
  {
    name: 'does not count a failed attempt',
    scripts: ['release'],
    right: 'm.attempt = m.attempt + 1',
    wrong: '',
  },
  {
    name: 'remembers no id of a task that ended',
    scripts: ENDS,
    right: 'if run.isRemembered then\n    remembered',
    wrong: 'if false then\n    remembered',
  },
  {
    name: 'shows what was deleted as long as it waits',
    scripts: ['deleteResult'],
    right: "redis.call('HSET', tasksKey, id, formatMessage(m))",
    wrong: '',
  },
  {
    name: 'keeps results longer than asked for',
    scripts: ENDS,
    right: 'digits(now + ttl)',
    wrong: 'digits(now + ttl + 60000)',
  },
];

/** A client that sends scripts with a mistake in them instead of the right ones. */
export function mistakenRedis(url: string, { scripts, right, wrong }: Mistake): Redis {
  const texts = new Map<string, string>();
  for (const script of scripts.map((name): Script => SCRIPTS[name])) {
    if (!script.text.includes(right)) throw new Error(`${script.name}.lua does not say "${right}".`);
    texts.set(
      script.sha,
      script.text.replaceAll(right, () => wrong),
    );
  }
  const client = new Redis(url);
  // As the stores call it: a script by its hash, then its keys and arguments.
  const send = client.callBuffer.bind(client) as (command: string, ...args: Argument[]) => Promise<unknown>;
  const sendMistaken = (command: string, ...args: Argument[]): Promise<unknown> => {
    const text = command === 'evalsha' ? texts.get(String(args[0])) : undefined;
    return text === undefined ? send(command, ...args) : send('eval', text, ...args.slice(1));
  };
  client.callBuffer = sendMistaken as Redis['callBuffer'];
  return client;
}
