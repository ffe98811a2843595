/*
 * How an API server is reached: its address, and the credentials that it wants. Begin here; kubeconfig.ts reads a kubeconfig, in a
 * process of its own. It never sends a request to the API server: that is client.ts.
 */

import { CairnError } from '../../../base/errors.ts';
import type { Clock } from '../../../observe/clock.ts';

/** How the API server is found. */
export type ConnectionOptions =
  /** Through the service account of the pod that this process runs in. */
  | { readonly kind: 'in-cluster' }
  | { readonly kind: 'kubeconfig'; readonly file: string; readonly context?: string }
  | { readonly kind: 'endpoint'; readonly url: string; readonly tls?: TlsFiles };

/** PEM files; empty text for one that is not needed. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Where the API server is, and what it must be shown. */
export interface Access {
  readonly url: string;
  readonly tls: TlsAccess;
  /** Several values make several lines of a header. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** `http://` or `https://`. */
  readonly proxy?: string;
}

/** A header for API servers that may be far away; within a cluster, packing costs more time than it saves. */
export const PACKED = { 'accept-encoding': 'gzip' } as const;

/** All PEM. */
export interface TlsAccess {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** What is valid for a time. */
export interface Renewed<T> {
  /** What is valid now; files that rotate are read again. @throws AccessError */
  access(): Promise<T>;
  /** The API server refused what it was shown: the next call gets it anew. */
  refused(): void;
}

export type Credentials = Renewed<Access>;

/** The operator's configuration leads to no API server. */
export class AccessError extends CairnError {
  constructor(message: string, cause?: unknown) {
    super('KUBERNETES_ACCESS', message, { cause });
  }
}

/** Files may rotate: no credential is used for longer without a look at them. */
const MAX_AGE_MS = 60_000;

/** What `read` gives, kept for a minute. Once there was something, a failure to read it again leaves that valid: files are replaced one by one. */
export function rereadEachMinute<T>(clock: Clock, read: () => Promise<T>): Renewed<T> {
  let known: { readonly access: T; readonly readAtMs: number } | undefined;
  let isRefused = false;
  return {
    async access() {
      if (known && !isRefused && clock.monotonic() - known.readAtMs < MAX_AGE_MS) return known.access;
      try {
        known = { access: await read(), readAtMs: clock.monotonic() };
        isRefused = false;
      } catch (thrown) {
        if (!known) throw thrown;
      }
      return known.access;
    },
    refused() {
      isRefused = true;
    },
  };
}
