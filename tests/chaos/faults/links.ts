import { setTimeout as sleep } from 'node:timers/promises';
import type { Link, LinkMode } from '@flowrra/testing-servers';
import type { Post } from '../actors.js';
import type { Random } from '../random.mjs';
import type { Fault } from './fault.js';

/** One link of one actor, or all of them. */
function chooseLinks(post: Post, random: Random): readonly Link[] {
  return random.chance(0.3) ? post.allLinks : [random.pick(post.allLinks)];
}

function linkFault(kind: string, modeFor: (random: Random) => LinkMode, longest: number): Fault {
  return async (world, random) => {
    const post = random.pick(world.posts);
    const links = chooseLinks(post, random);
    await world.fault(kind, [post], async () => {
      await Promise.all(links.map((link) => link.set(modeFor(random))));
      await sleep(200 + random.integer(longest));
      await Promise.all(links.map((link) => link.set({ kind: 'pass' })));
    });
  };
}

export const linkFaults = {
  'link refused': linkFault('a link is refused', () => ({ kind: 'refuse' }), 2_500),
  'link blackholed': linkFault('a link is a blackhole', () => ({ kind: 'blackhole' }), 6_500),
  'link loses replies': linkFault('a link loses its replies', () => ({ kind: 'oneway' }), 3_500),
  'link slow': linkFault('a link is slow', (random) => ({ kind: 'delay', ms: 10 + random.integer(250) }), 3_000),
  'link cut in a reply': linkFault(
    'a link is cut in replies',
    (random) => ({ kind: 'cutAfter', bytes: random.integer(3_000) }),
    2_500,
  ),
  'links reset': async (world, random) => {
    const post = random.pick(world.posts);
    await world.fault('links are reset', [post], async () => {
      for (let times = 0; times < 5; times++) {
        for (const link of post.allLinks) link.reset();
        await sleep(random.integer(400));
      }
    });
  },
} satisfies Record<string, Fault>;
