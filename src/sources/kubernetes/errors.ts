import { CairnError } from '../../base/errors.ts';

/** The API server responded with a status other than 200, or ended a watch with a Status. */
export class ApiStatusError extends CairnError {
  /** The HTTP status. */
  readonly status: number;
  /** The reason in the Status, such as `Expired`; may be empty. */
  readonly reason: string;
  /** How long the server asks to wait before the next request. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfterMs?: number) {
    super('KUBERNETES_STATUS', message);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the resource version is too old, so that a new list is needed. */
  get isExpired(): boolean {
    return this.status === 410 || this.reason === 'Expired' || /too old resource version/.test(this.message);
  }
}

/** The API server cannot be reached, is silent, or sends a response that cannot be read. */
export class ApiConnectionError extends CairnError {
  constructor(message: string, cause?: unknown) {
    super('KUBERNETES_CONNECTION', message, { cause });
  }
}

/** The API server went silent in the middle of an answer. */
export class SilenceError extends ApiConnectionError {}

/** The API server has an earlier version than it once had: its etcd was restored from a snapshot, or it is another server. */
export class WentBackError extends CairnError {
  constructor(from: string, to: string) {
    super('KUBERNETES_WENT_BACK', `the API server went back from resource version ${from} to ${to}`);
  }
}

/** Reads a Status object; other values get defaults. */
export function statusError(status: number, body: unknown, retryAfterMs?: number): ApiStatusError {
  const { code, reason, message, details } = (body ?? {}) as {
    readonly code?: unknown;
    readonly reason?: unknown;
    readonly message?: unknown;
    readonly details?: { readonly retryAfterSeconds?: unknown };
  };
  const seconds = details?.retryAfterSeconds;
  return new ApiStatusError(
    typeof code === 'number' ? code : status,
    typeof reason === 'string' ? reason : '',
    typeof message === 'string' ? message : `status ${status}`,
    retryAfterMs ?? (typeof seconds === 'number' ? seconds * 1000 : undefined),
  );
}
