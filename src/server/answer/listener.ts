import type { Transport } from '../../corefile/key.ts';
import type { Router } from './router.ts';

/** What one listener needs to answer. */
export interface Listener {
  /** The listener's name in logs and metrics, such as `dns://:53`. */
  readonly server: string;
  readonly router: Router;
  readonly anyClass: boolean;
  readonly transport: Transport;
  /** How long an idle connection is kept, in milliseconds: told to clients that ask (RFC 7828). */
  readonly idleMs: number;
}
