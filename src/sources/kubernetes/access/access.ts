/*
 * How an API server is reached: its address, and the credentials that it wants. Begin here; kubeconfig.ts reads a kubeconfig, in a
 * process of its own. It never sends a request to the API server: that is client.ts.
 */

import { CairnError } from '../../../base/errors.ts';
import type { Clock } from '../../../observe/clock.ts';

/** How to find the API server. */
export type ConnectionOptions =
  /** Through the service account of the pod that this process runs in. */
  | { readonly kind: 'in-cluster' }
  | { readonly kind: 'kubeconfig'; readonly file: string; readonly context?: string }
  | { readonly kind: 'endpoint'; readonly url: string; readonly tls?: TlsFiles };

/** PEM files; empty for a file that is not needed. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** The address of the API server, and the credentials for it. */
export interface Access {
  readonly url: string;
  readonly tls: TlsAccess;
  /** Several values make several lines of a header. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** `http://` or `https://`. */
  readonly proxy?: string;
}

/** A header for API servers that may be far away. Within a cluster, compression costs more time than it saves. */
export const PACKED = { 'accept-encoding': 'gzip' } as const;

/** All PEM. */
export interface TlsAccess {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** A value that is valid for a time. */
export interface Renewed<T> {
  /** The present value; files that rotate are read again. @throws AccessError */
  access(): Promise<T>;
  /** The API server refused the credentials, so the next call gets new ones. */
  refused(): void;
}

export type Credentials = Renewed<Access>;

/** The configuration or the credentials for the API server cannot be used. */
export class AccessError extends CairnError {
  constructor(message: string, cause?: unknown) {
    super('KUBERNETES_ACCESS', message, { cause });
  }
}

/** Files may rotate, so they are read again after this time. */
const MAX_AGE_MS = 60_000;

/** The result of `read`, kept for a minute. If reading again fails, the last result stays valid, as files are replaced one by one. */
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
