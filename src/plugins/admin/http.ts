/** A request to the interface. */
export interface AdminRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  /** What the body says, as JSON; undefined without a body. */
  readonly body: unknown;
  /** Who asks, for the log: an address and port, or `unix socket`. */
  readonly from: string;
  /** Aborted when the client has gone, or when the interface closes. */
  readonly signal: AbortSignal;
  /** How many clients read lines now. */
  readonly viewers: number;
  /** Logs a change now. It is logged after the response is made, if this is not called. */
  note(): void;
}

/** A response: a value as JSON, a file, or lines of JSON for as long as the client reads. */
export type AdminResponse =
  | { readonly json: unknown }
  | { readonly file: Uint8Array; readonly contentType: string }
  | { readonly lines: (write: LineWriter) => Promise<void> };

/** Writes one value as a line. False, and nothing is written, if the client reads too slowly. */
export type LineWriter = (value: unknown) => boolean;

/** One path of the interface. */
export interface Route {
  /** POST is for changes. */
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Whether its work may end the interface that it came over. The end then does not wait for it. */
  readonly mayEnd?: boolean;
  /** @throws RequestError for a request that is not right */
  respond(request: AdminRequest): AdminResponse | Promise<AdminResponse>;
}

/** A request that gets another status than 200. The message says what is wrong, and what would be right. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The fields of a body that is an object. @throws RequestError for another body, and for fields that are not known */
export function fieldsOf(body: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  const example = `{${known.map((name) => `"${name}": …`).join(', ')}}`;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new RequestError(400, `the body must be a JSON object such as ${example}`);
  }
  const foreign = Object.keys(body).find((name) => !known.includes(name));
  if (foreign !== undefined)
    throw new RequestError(400, `the body has no field '${foreign}', only ${known.join(', ')}`);
  return body as Record<string, unknown>;
}
