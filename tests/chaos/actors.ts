import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Link, openLink } from '@flowrra/testing-servers';
import { type NodeProcess, startNode } from '../support/node-process.js';
import type { PlantedBug } from './plan.js';

export type Role = 'worker' | 'producer' | 'reader' | 'scheduler';

/** The servers that an actor talks to, each over a link of its own. */
export interface ServerPorts {
  readonly messages: number;
  /** Null: where the messages are. */
  readonly results: number | null;
  /** Null: no server, or not for this actor. */
  readonly database: number | null;
}

export interface Links {
  readonly messages: Link;
  readonly results: Link | null;
  readonly database: Link | null;
}

export interface PostOptions {
  readonly name: string;
  readonly role: Role;
  readonly folder: string;
  readonly ports: ServerPorts;
  /** Settings of the actor's program, once its links are known. */
  readonly settings: (links: Links) => object;
  readonly planted?: PlantedBug | undefined;
  readonly onDown: (actor: string) => void;
}

/** As a supervisor of processes would wait, in milliseconds. */
const RESTART_DELAY = 200;
const plant = new URL('./planted/plant.mjs', import.meta.url).href;

/** One place among the actors. Whoever dies there has a successor with the same links, unless the run is ending. */
export class Post {
  readonly name: string;
  readonly role: Role;
  readonly links: Links;
  readonly #options: PostOptions;
  #process: NodeProcess | null = null;
  #starts = 0;
  #retired = false;
  #lastExit: Promise<{ code: number | null }> = Promise.resolve({ code: null });
  #starting: Promise<void> = Promise.resolve();

  private constructor(options: PostOptions, links: Links) {
    this.name = options.name;
    this.role = options.role;
    this.links = links;
    this.#options = options;
  }

  static async open(options: PostOptions): Promise<Post> {
    const { messages, results, database } = options.ports;
    const link = async (port: number | null): Promise<Link | null> => (port === null ? null : openLink({ port }));
    const links = {
      messages: await openLink({ port: messages }),
      results: await link(results),
      database: await link(database),
    };
    const post = new Post(options, links);
    post.#starting = post.#start();
    await post.#starting;
    return post;
  }

  /** Whoever is there now. */
  get actor(): string {
    return `${this.name}.${this.#starts}`;
  }

  get allLinks(): Link[] {
    const { messages, results, database } = this.links;
    return [messages, results, database].filter((link) => link !== null);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  command(command: string, value: unknown = null): void {
    this.#process?.tell({ command, value });
  }

  /** Resolves when whoever is there now is gone. */
  async gone(): Promise<void> {
    await this.#process?.exited();
  }

  /** Nobody follows. Resolves with the exit code of the last one, null when it was killed. */
  async retire(end: () => void): Promise<number | null> {
    this.#retired = true;
    await this.#starting;
    end();
    return (await this.#lastExit).code;
  }

  async close(): Promise<void> {
    this.#retired = true;
    await this.#starting;
    await this.#process?.end();
    await Promise.all(this.allLinks.map((link) => link.close()));
  }

  async #start(): Promise<void> {
    const { role, folder, settings, planted } = this.#options;
    this.#starts++;
    const { actor } = this;
    const execArgv = planted ? ['--import', `${plant}?${new URLSearchParams({ bug: JSON.stringify(planted) })}`] : [];
    const own = { ...settings(this.links), actor, history: join(folder, `${actor}.jsonl`) };
    const started = await startNode(`../chaos/actors/${role}.mjs`, own, ['--expose-gc', ...execArgv]);
    this.#process = started;
    this.#lastExit = started.exited();
    void this.#lastExit.then(async () => {
      if (started.stderr()) writeFileSync(join(folder, `${actor}.stderr`), started.stderr());
      this.#options.onDown(actor);
      await sleep(RESTART_DELAY);
      if (!this.#retired) this.#starting = this.#start();
    });
  }
}
