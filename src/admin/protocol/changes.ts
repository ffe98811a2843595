/** `GET /v1/corefile`: the Corefile as it is understood: imports and variables are in their places, and secrets are left out. */
export interface CorefileView {
  readonly hash: string;
  readonly text: string;
}

/** `POST /v1/log-level`: until the process ends, or for some time. */
export interface LogLevelRequest {
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  /** After which the level is again what it was; without it, it stays. */
  readonly seconds?: number;
}

/** `POST /v1/drain`: whether `/ready` says that no new client should come. DNS is answered all the same. */
export interface DrainRequest {
  readonly draining: boolean;
}

/** `POST /v1/reload`: what became of it. A reload that failed changes nothing. */
export interface ReloadResult {
  readonly result: 'unchanged' | 'reloaded' | 'failed';
  readonly error?: string;
}

/** The response to a change without a result. */
export type Done = Record<string, never>;
