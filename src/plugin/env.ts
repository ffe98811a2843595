import type { Question } from '../dns/message.ts';
import type { PageTls, ServePage } from '../net/pages/http.ts';
import type { Clock } from '../observe/clock.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { OfferEnv } from './offer.ts';
import type { BlockContext, Plugin } from './plugin.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';
import type { ServerControl } from './server-control.ts';

/** State that outlives the plugin that made it: see {@link PluginEnv.keep}. */
export interface Kept {
  /** Gives everything back, once no chain uses the value any more. */
  stop?(): Promise<void> | void;
}

/** What pages are served over HTTPS with. */
export interface PageCertificate {
  /** Where it comes from: the same source is the same certificate. */
  readonly source: string;
  /** To be had once plugins have started. */
  current(): PageTls;
}

/** A plugin of a server block, as the other plugins see it. */
export interface BlockPlugin {
  readonly name: string;
  readonly plugin: Plugin;
  /** What the block says of it. */
  readonly text: string;
  /** Whether it offers values to others. */
  readonly isOffering: boolean;
}

/** All that a plugin may use of the world around it. */
export interface PluginEnv extends OfferEnv {
  /** Log lines of this plugin: `[LEVEL] plugin/NAME: …`. */
  readonly log: Logger;
  /** Writes a line of the query log: `[INFO] TEXT`, without the plugin's name, as log processors expect it. Tabs stay as they are. */
  readonly queryLog: Logger['info'];
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** A number from 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly block: BlockContext & {
    /** The listener's name in metrics, such as `dns://:53`. */
    readonly server: string;
    /** The name of the block's choice of queries in metrics; empty if it serves all queries of its zones. */
    readonly view: string;
    /** Whether labels of the block's queries are ever read: what would be kept for them need not be, otherwise. */
    readonly labelled: boolean;
    /** All plugins of the block, in chain order; complete once the chain is built. */
    plugins(): readonly BlockPlugin[];
  };
  /** A path of the Corefile, made absolute: relative ones start at the block's `root`, or at the working directory. */
  path(path: string): string;
  /** The addresses of this machine that clients can reach, loopback left out, in canonical text. */
  localAddresses(): readonly string[];
  /**
   * What a plugin of the block says of a query, by a label such as `kubernetes/service`; undefined if no plugin says anything,
   * or the labels of such queries are not to be read. Costs what that one label costs, and only when it is called.
   */
  label(query: Query, label: string): string | undefined;
  /** Asks the whole server another question on behalf of `query`; SERVFAIL when such lookups nest too deeply. */
  resolve(query: Query, question: Question): Reply | Promise<Reply>;
  /**
   * The value kept under `key`, made by `make` if there is none yet. It survives a reload when the new chain asks for the
   * same key, so the key must name every option that the value depends on. Plugins with different names do not share it, unless `among` is `server`.
   */
  keep<T extends Kept>(key: string, make: () => T, among?: 'plugin' | 'server'): T;
  /** A value that all plugins made in the same start or reload share under `key`. */
  shared<T>(key: string, make: () => T): T;
  /**
   * Serves a page over HTTP or, with a certificate, HTTPS, for as long as the chain serves. To be called when the plugin is made.
   * Two pages under one address and path are an error: what several blocks may ask for is {@link shared}.
   */
  page(address: string, path: string, serve: ServePage, certificate?: PageCertificate): void;
  readonly process: ServerProcess;
}

/** The running server, as far as plugins may steer it. */
export interface ServerProcess {
  /** Loads the Corefile again if it reads differently from what is served; never throws. */
  reloadIfChanged(): Promise<'unchanged' | 'reloaded' | 'failed'>;
  /** A digest of the Corefile that is served, with its imports. */
  corefileHash(): string;
  /** Ends the process with an error. */
  fatal(message: string): void;
  /** Whether this is no server, but `cairn check`: plugins are stopped after `load`, and say what a server would say later. */
  readonly isCheck?: boolean;
  /** Shows the server and steers it; undefined in `cairn check`, and for packages. */
  readonly control?: ServerControl;
  /** Whether the operator asked that no new clients come, until that is taken back. DNS is answered all the same. */
  readonly draining: boolean;
  /** Whether the process is on its way out. */
  readonly shuttingDown: boolean;
}
