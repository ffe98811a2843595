import type { Directive } from '../corefile/ast.ts';
import type { ServerKey } from '../corefile/key.ts';
import type { Position } from '../corefile/position.ts';
import type { WarningName } from '../corefile/warnings.ts';
import type { Name } from '../dns/name.ts';
import type { StreamLimits } from '../net/stream/connections.ts';
import type { PluginEnv } from './env.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';
import type { Sent } from './sent.ts';
import type { OwnStatus } from './status.ts';

export type { Sent } from './sent.ts';

/** Answers a query, at once where it can. Never throws for what a peer sent; what it throws becomes SERVFAIL. */
export type Handler = (query: Query) => Reply | Promise<Reply>;

/** Equal queries of one block, and the replies that they got: all from one kept reply, and sent already. */
export interface Repetitions extends Pick<Query, 'protocol' | 'type' | 'zone' | 'server'> {
  /** Octets of each query. */
  readonly queryOctets: number;
  /** Whether the clients' addresses are IPv6. */
  readonly isIPv6: boolean;
  /** Whether the queries have DO. */
  readonly do: boolean;
  readonly reply: Reply;
  /** Octets of each reply. */
  readonly octets: number;
  readonly count: number;
  /** From arrival to reply, of all together, in milliseconds. */
  readonly durationMs: number;
}

/**
 * One plugin at work in one server block. Every method is optional: a plugin does only what it is for.
 *
 * Its life:
 *
 * 1. `parse` of its definition reads the directives of a block; `settings` and `ends` say what they mean for the listener and the chain.
 * 2. `create` makes the plugin, without I/O; with `env.offer` it offers values to other plugins of the block, and to the server.
 * 3. `wrap` puts it before the next handler, when the chain is built. From here on `env.ask` gives what others offer.
 * 4. `load` reads the files that the Corefile names, then `start` does what needs the network. If one plugin fails, all are stopped, and what was
 *    served before goes on. `cairn check` goes on from `load` to step 9; with `--no-files`, from step 3.
 * 5. `serving` comes once the listeners are open.
 * 6. For each query: the choice that it offers under `SELECTION`, the handler of `wrap`, then `observe` or `observeRepetitions`. Meanwhile others may ask `ready`, `status`, `label` and `explain`.
 * 7. `shutdown`, if the process is about to end: DNS is still served. A reload leaves this step out.
 * 8. `drain`, once no more queries come: those that wait are answered.
 * 9. `stop` gives everything back, after the last query. What the plugin offered ends with it.
 */
export interface Plugin {
  /**
   * Whether the plugin marks queries whose replies are for their clients alone (`notePassage`). Then the server also keeps what plugins above make of such
   * a reply from other clients. It is not for packages, which say `dependsOn: 'client'`.
   */
  readonly notesPassages?: boolean;
  /** Puts the plugin in front of `next`; called once, when the chain is built. */
  wrap?(next: Handler): Handler;
  /** Told of every query of the block when its response is encoded, or after the last message of a zone transfer. Must not throw and must be cheap. */
  observe?(query: Query, sent: Sent): void;
  /**
   * The same for many queries at once, of which only so much is known, a moment later. A block whose
   * observers all have this may be answered by worker threads; one that wants to see each query cannot.
   */
  readonly observeRepetitions?: ((repetitions: Repetitions) => void) | undefined;
  /**
   * What the plugin can say of a query under one of its labels, which others know as `PLUGIN/LABEL`; undefined for nothing.
   * Asked only when somebody reads the label: see {@link PluginEnv.label}. Whatever it says must follow from the query as it
   * came in, so that it is the same for an answer that is given again, or be of a reply without leave to repeat it.
   */
  label?(query: Query, label: string): string | undefined;
  /**
   * Why the plugin made this reply, for people: called when somebody asks, so it need not be quick. The query is the one that the plugin got, or the
   * client's if the server records no steps.
   */
  explain?(query: Query, reply: Reply): string | undefined;
  /**
   * Reads the files that the Corefile names, and asks no other machine: `cairn check` calls it, too, and prints the warnings that it logs. A rejection
   * fails the start or the reload.
   */
  load?(): Promise<void>;
  /** Does what else is needed before the listeners open. A rejection fails the start or the reload. */
  start?(signal: AbortSignal): Promise<void>;
  /** Called once the block's listeners are open, with the addresses that they serve. */
  serving?(listening: readonly { readonly address: string; readonly port: number }[]): void;
  /** Whether the plugin can answer; a plugin without this method always can. */
  ready?(): boolean;
  /**
   * How the plugin does, for an operator: called when somebody asks, and never otherwise, so it need not be quick. What it cannot say it leaves out. If
   * something is wrong, the summary says what to do. What it throws is shown in its place.
   */
  status?(): OwnStatus;
  /** The process is about to end: DNS is served until this settles. */
  shutdown?(options?: ShutdownOptions): Promise<void>;
  /** Has queries answered that the plugin lets wait for an event. Others took over, or the process ends, and waits for replies only for a moment. */
  drain?(): void;
  /** Gives back everything; called after the last query. */
  stop?(): Promise<void> | void;
}

/** How a process ends. */
export interface ShutdownOptions {
  /** Whether clients get time to find another server, true by default. */
  readonly lameduck?: boolean;
}

/** More threads than this serve no listener, whatever the machine: CoreDNS's bound. */
export const MAX_THREADS = 1024;

/** Something that holds for a whole listener, so that the blocks which share it must agree: in text that is equal where it is. */
export interface Agreed {
  /** The plugin that says it, for errors. */
  readonly plugin: string;
  readonly text: string;
  readonly position: Position;
}

/** What a block's directives say about the listener that serves it. */
export interface BlockSettings {
  /** Addresses or interface names to listen on, and those to leave out. */
  readonly bind?: {
    /** The plugin that says it, for errors. */
    readonly plugin: string;
    readonly addresses: readonly BindTarget[];
    readonly except: readonly BindTarget[];
  };
  /** How many threads serve the listener's UDP. */
  readonly threads?: Agreed & { readonly count: number };
  /** That the block says what encrypted listeners do TLS with. */
  readonly tls?: Agreed;
  /** What the listener allows its connections, where that is not the usual. */
  readonly limits?: Agreed & { readonly limits: Partial<StreamLimits> };
  /** The same for connections over HTTPS alone. */
  readonly https?: Agreed & { readonly limits: Partial<StreamLimits> };
  /** Whether queries of a class other than IN reach the plugins. */
  readonly anyClass?: boolean;
  /** Whether the block asks other servers: its replies then say that recursion is available (RA). */
  readonly recursion?: boolean;
  /** The most octets of a UDP reply, whatever more the client would take. */
  readonly udpSize?: number;
  /** Where relative paths of the block start; the working directory if it says nothing. */
  readonly root?: string;
  /** What the block's choice of queries is called; the block serves all queries of its zones if it says nothing. */
  readonly view?: string;
  /** Whether that choice accepts all queries. */
  readonly acceptsAll?: boolean;
  /** Whether the steps of queries that are explained are recorded, in all blocks of the Corefile. */
  readonly recordsSteps?: boolean;
  /** Whether the block's debug lines are logged, and each of its unexpected errors. */
  readonly debug?: boolean;
  /** The zones of whose queries the plugins' labels can be read; none by default. */
  readonly labelled?: readonly Name[];
}

/** What a plugin leaves to those that come after it in the chain. */
export interface ChainEnd {
  /** Nothing, in these zones. */
  readonly zones: readonly Name[];
  /** The zones of the queries that the plugin answers; all if it says nothing. */
  readonly asked?: readonly Name[];
  /** The queries to which that does not apply, in words. */
  readonly but?: string;
  /** What would leave them something, in words. */
  readonly remedy?: string;
}

/** One setting of a plugin, in words. */
export interface Setting {
  /** What is set, such as `success TTL`; it may be empty. */
  readonly what: string;
  readonly value: string;
  /** Whether it says where names go: `what` and `value` together are a sentence. */
  readonly isRoute?: boolean;
}

export interface BindTarget {
  readonly text: string;
  readonly position: Position;
}

/** The server block that a plugin is configured in, as far as its directives may depend on it. */
export interface BlockContext {
  readonly keys: readonly ServerKey[];
  /** The zones of the keys, folded: what a ZONES argument that is left out means. */
  readonly zones: readonly Name[];
}

/** What a plugin reads its directives with. */
export interface ParseContext extends BlockContext {
  /** Tells of something that is allowed and probably not meant: `cairn check` prints it, and each start and reload logs it. Its name is `no-effect` if none is given. */
  warn(position: Position, message: string, name?: WarningName): void;
}

/**
 * What a plugin's effect on queries and replies depends on. Memo, cache, worker threads and equal queries that wait for each other give a reply
 * to others only if that is known.
 *
 * - `client`: the client, the moment, or anything else. No reply that passed through the plugin is given to anybody else, nor
 *   kept, and so is no reply to a query that it changed. The plugin cannot change queries and replies in place.
 * - `question`: the question alone (name, type, class, RD, AD, CD, DO), the Corefile, and data whose changes move the epochs in `repeat`. Replies that pass
 *   keep what they say of themselves, and its own may have `repeat`.
 * - `marked`: more than the question for some replies. The plugin itself marks those: it takes `repeat` off (`notRepeatable`), and
 *   sets `uncacheable` where it stands below `cache`.
 */
export type DependsOn = (typeof DEPENDS_ON)[number];

export const DEPENDS_ON = ['client', 'question', 'marked'] as const;

/** The version of the contract: a package names it as `api` in its package.json. */
export const API_VERSION = 1;

/** Where a plugin stands in the chain, by the names of other plugins, built-in or loaded. */
export interface Place {
  readonly before?: string;
  readonly after?: string;
}

/** Declares a plugin: how its directives are read, and how it is made from what they say. */
export interface PluginDefinition<O = unknown> {
  readonly name: string;
  /**
   * Reads all uses of the directive in one block, in source order. Pure: no file, clock or network.
   *
   * @throws CorefileError, CorefileErrors
   */
  parse(uses: readonly Directive[], block: ParseContext): O;
  /** What its effect depends on; `client` if it says nothing. */
  readonly dependsOn?: DependsOn;
  /** Where the plugin of a package stands; directly before `cache` if it says nothing. Built-in plugins stand in the order of their list. */
  readonly place?: Place;
  /** Whether the plugin asks the next ones for other names than that of the query. */
  readonly renames?: boolean;
  /** The plugins that must be in the same block. */
  readonly needs?: readonly string[];
  /**
   * The arguments of a line that may be secrets, by their places: nobody is shown them. `option` is the name of an option, or undefined for the
   * arguments of the directive. Without this, the arguments of options with names such as `password` are hidden. Users, passwords and queries in URLs
   * always are.
   */
  secrets?(option: string | undefined, args: readonly string[]): readonly number[];
  /** What the options mean for the listener. */
  settings?(options: O): BlockSettings;
  /** Which queries go no further down the chain. Every plugin that answers queries itself says it, and no other. */
  ends?(options: O): ChainEnd;
  /** What the options mean, in words; without it, lines of the Corefile are compared to say what changes between two of them. */
  readonly words?: {
    /** The options whose lines these words stand for; the empty name stands for the arguments of the directive. */
    readonly covers: readonly string[];
    of(options: O, blockZones: readonly Name[]): readonly Setting[];
  };
  /** Makes the plugin; no I/O before {@link Plugin.start}. */
  create(options: O, env: PluginEnv): Plugin;
}

/** This copy of the contract. A definition shows which one made it, whichever copy asks. */
const THIS_COPY = { url: import.meta.url };
const COPY = Symbol.for('cairn-dns/plugin copy');

/** Declares a plugin with the type of its options checked, then forgotten, so that all fit into one list. */
export function definePlugin<O>(definition: PluginDefinition<O>): PluginDefinition {
  return Object.defineProperty(definition, COPY, { value: THIS_COPY }) as PluginDefinition;
}

/** Where the copy of the contract is that made a definition, if it is another than this one: its epochs and keys mean nothing to the server. */
export function otherCopyOf(definition: PluginDefinition & { readonly [COPY]?: typeof THIS_COPY }): string | undefined {
  const copy = definition[COPY];
  return copy === undefined || copy === THIS_COPY ? undefined : (copy.url ?? 'bundled');
}
