import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * What a link does with its traffic. Held bytes arrive when the link is healed, as TCP would repeat them: also those of a
 * client that has given up meanwhile.
 */
export type LinkMode =
  | { readonly kind: 'pass' }
  /** Nobody listens: connections are refused, and those that are open are reset. */
  | { readonly kind: 'refuse' }
  /** Connections are accepted, and nothing goes through in either direction. */
  | { readonly kind: 'blackhole' }
  /** What is asked arrives; the replies do not. */
  | { readonly kind: 'oneway' }
  /** Every piece takes that many milliseconds longer, in both directions. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Each connection is reset once so many bytes of replies went through: in the middle of one, as a rule. */
  | { readonly kind: 'cutAfter'; readonly bytes: number };

/** A TCP proxy in front of a server, which can be told to misbehave. */
export interface Link {
  readonly port: number;
  readonly mode: LinkMode;
  /** Open connections through this link. */
  readonly connections: number;
  set(mode: LinkMode): Promise<void>;
  /** Leads to another server from now on, as a name that was given to it would. Open connections stay where they are. */
  retarget(target: { readonly port: number }): void;
  /** Resets the connections that are open now; new ones are served by the mode as it is. */
  reset(): void;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** Opens a link to a server on this machine, at a free port, in mode `pass`. */
export async function openLink(target: { readonly port: number }): Promise<Link> {
  const connections = new Set<LinkedConnection>();
  let mode: LinkMode = { kind: 'pass' };
  let targetPort = target.port;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const connection = new LinkedConnection(client, targetPort, () => connections.delete(connection));
    connections.add(connection);
    connection.apply(mode);
  });
  const listen = (port: number): Promise<unknown> => once(server.listen(port, HOST), 'listening');
  await listen(0);
  const { port } = server.address() as AddressInfo;

  function reset(): void {
    for (const connection of connections) connection.reset();
  }

  async function stopListening(): Promise<void> {
    reset();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }

  return {
    port,
    get mode() {
      return mode;
    },
    get connections() {
      return connections.size;
    },
    reset,
    async set(next) {
      mode = next;
      if (next.kind === 'refuse') return stopListening();
      for (const connection of connections) connection.apply(next);
      if (!server.listening) await listen(port);
    },
    retarget(next) {
      targetPort = next.port;
    },
    close: stopListening,
  };
}

/** One connection of a client, and its other half to the server. */
class LinkedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #requests = new Pipe();
  readonly #replies = new Pipe();
  #repliesLeft = Number.POSITIVE_INFINITY;
  #isCut = false;

  constructor(client: Socket, port: number, closed: () => void) {
    this.#client = client;
    this.#server = connect({ port, host: HOST, allowHalfOpen: true, noDelay: true });
    client.on('data', (bytes) => this.#requests.pass(() => this.#server.write(bytes)));
    client.on('end', () => this.#requests.pass(() => this.#server.end()));
    this.#server.on('data', (bytes) => this.#replies.pass(() => this.#reply(bytes)));
    this.#server.on('end', () => this.#replies.pass(() => client.end()));
    for (const socket of [client, this.#server]) socket.on('error', () => this.reset());
    client.once('close', closed);
  }

  apply(mode: LinkMode): void {
    for (const pipe of [this.#requests, this.#replies]) pipe.delay = mode.kind === 'delay' ? mode.ms : 0;
    this.#repliesLeft = mode.kind === 'cutAfter' ? mode.bytes : Number.POSITIVE_INFINITY;
    // A paused socket leaves what comes in the kernel's hands.
    if (mode.kind === 'blackhole') this.#client.pause();
    else this.#client.resume();
    if (mode.kind === 'blackhole' || mode.kind === 'oneway') this.#server.pause();
    else this.#server.resume();
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  #reply(bytes: Buffer): void {
    // Nothing may follow a gap.
    if (this.#isCut) return;
    const passed = bytes.subarray(0, this.#repliesLeft);
    this.#repliesLeft -= passed.length;
    this.#isCut = passed.length < bytes.length;
    // The client gets to read what came before the cut.
    this.#client.write(passed, () => this.#isCut && this.reset());
  }
}

/** One direction of a connection: what goes in comes out in the same order, whatever becomes of the delay meanwhile. */
class Pipe {
  /** In milliseconds. */
  delay = 0;
  readonly #waiting: (() => void)[] = [];

  pass(go: () => void): void {
    if (this.delay === 0 && this.#waiting.length === 0) {
      go();
      return;
    }
    this.#waiting.push(go);
    // Timers of different lengths may overtake each other; whichever comes, the oldest goes.
    setTimeout(() => this.#waiting.shift()?.(), this.delay);
  }
}
