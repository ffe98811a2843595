/*
 * What all folders need and what depends on none of them: errors with stable codes, epochs, bounded lists, work in slices, and reading
 * files with a bound. Begin with the file that you need; each stands alone. It never knows of DNS or Kubernetes.
 */

/**
 * The codes of Cairn's errors, and what each means. A code is stable across releases: it is added with an error, and never renamed.
 *
 * docs/errors.md lists them; `test/error-codes.test.ts` compares the list with the page and with the code.
 */
export const ERROR_CODES = {
  ADDRESS: 'An address to listen on cannot be read.',
  CACHE: 'Too many queries wait for the reply to an equal query.',
  CANCEL: 'A query took longer than the plugin `cancel` allows.',
  CATALOG: 'A catalog zone is broken (RFC 9432).',
  CLUSTER: 'A call on a test cluster names an object or a value that the cluster cannot use.',
  COREFILE: 'The Corefile cannot be read, or is wrong.',
  COREFILE_ZONE: 'The key of a server block is not a zone or an address.',
  DURATION: 'A duration in the Corefile cannot be read.',
  EACCES: 'The process may not listen on a port.',
  EADDRINUSE: 'Another process listens on a port.',
  EADDRNOTAVAIL: 'The machine does not have an address to listen on.',
  EAI_AGAIN:
    'A lookup of the client side got no response, or SERVFAIL or REFUSED; getaddrinfo does not tell them apart.',
  EAI_FAIL: 'A lookup of the client side got a response code that getaddrinfo does not tell apart.',
  EBADNAME: 'A lookup of the client side was asked for a text that is not a domain name.',
  ECANCELLED: 'A lookup of the client side was ended by `cancel()`.',
  ECONNREFUSED: 'A lookup of the client side reached no nameserver.',
  EFORMERR: 'A lookup of the client side got the response code FORMERR.',
  EINVAL: 'A lookup of the client side got an argument that is not an IP address.',
  EISDIR: 'A path leads to a folder where a file is expected.',
  ENODATA: 'A lookup of the client side found the name, but no record of the type.',
  ENOTFOUND: 'A lookup of the client side found that the name does not exist.',
  ENOTIMP: 'A lookup of the client side got the response code NOTIMP.',
  EREFUSED: 'A lookup of the client side got the response code REFUSED.',
  ERRATIC: 'The plugin `erratic` was asked for a type that it does not answer.',
  ESERVFAIL: 'A lookup of the client side got the response code SERVFAIL.',
  ETIMEOUT: 'A lookup of the client side got no response in time.',
  EXPRESSION: 'An expression is wrong, or has no value for a query.',
  EXTERNAL_NAME: 'A Service has an external name that is not a DNS name.',
  FILE_TOO_LARGE: 'A file is larger than its limit.',
  FORWARD:
    'A query could not be forwarded: no upstream is healthy, too many queries wait, or the name of an upstream has no address.',
  K8S_EXTERNAL: 'The plugin `k8s_external` stands in a server block without `kubernetes`.',
  KUBECONFIG: 'A kubeconfig cannot be used.',
  KUBERNETES_ACCESS: 'The API server cannot be reached with the settings or credentials that are configured.',
  KUBERNETES_CONNECTION: 'The connection to the API server failed.',
  KUBERNETES_STATUS: 'The API server replied with an error status.',
  KUBERNETES_WATCH_GIVEN_UP: 'The server stopped a watch that it no longer needs.',
  KUBERNETES_WENT_BACK: 'The API server went back to an older resource version.',
  LISTEN: 'The server cannot listen on an address, for another reason than the codes that begin with E.',
  LOADBALANCE_WEIGHTS: 'The file of weights of `loadbalance` is wrong.',
  LOOP: 'An upstream sends queries back to this server.',
  MANIFEST: 'A manifest is wrong.',
  MEMO: 'The environment variable that switches the memo has a value that is neither "on" nor "off".',
  NAME: 'A text is not a domain name.',
  NOTIFY: 'A NOTIFY was refused: its sender may not send it, or the zone is not copied from a server.',
  NOT_A_FILE: 'A path leads to something other than a regular file.',
  NOT_SYNCED: 'The objects of the cluster have not been read yet.',
  NO_CLUSTER: 'The plugin `kubernetes` has neither manifests nor an API server.',
  NO_NEXT_PLUGIN: 'The last plugin of a server block passed the query on.',
  OBJECT: 'A Kubernetes object is wrong.',
  PAGE: 'An HTTP page cannot be served: the page exists, or other pages of its address have another certificate.',
  PLUGIN: 'A plugin package cannot be loaded, or its place in the chain contradicts another.',
  PRESENTATION: 'A record or a value in presentation format (RFC 9499) is wrong.',
  PROGRAM: 'The image or the runtime of a program is not one that the client side knows.',
  RESOLV_CONF: 'A resolv.conf cannot be read.',
  REUSEPORT: 'The system does not let two sockets share a port.',
  REWRITE: 'A query or a reply cannot be rewritten.',
  SELECTOR: 'A label selector is wrong.',
  SHUTDOWN: 'Parts of the server failed to stop.',
  STOPPED: 'A test cluster was asked after it was stopped.',
  TEMPLATE: 'A template of the plugin `template` is wrong or fails.',
  TEMPLATE_RECORD: 'A template did not make a record.',
  TEMPLATE_UNMATCHED: 'A query matched no template of its zone.',
  TRANSFER: 'A zone is not transferred.',
  TYPE: 'A text is not a record type.',
  UDP: 'The kind of UDP socket that is configured does not exist or cannot be used.',
  UPSTREAM: 'An upstream gave no usable response.',
  USAGE: 'A command line is wrong.',
  WEB_CONFIG: 'The web configuration of the plugin `prometheus` is wrong.',
  WIRE: 'A message is not a DNS message.',
  YAML_LIMIT: 'A YAML document exceeds a limit.',
  ZONE: 'A zone cannot be served.',
  ZONE_FILE: 'A master file is wrong.',
} as const;

/** A code of a plugin package's own, which its page explains. */
type PluginErrorCode = `PLUGIN_${string}`;

export type ErrorCode = keyof typeof ERROR_CODES | PluginErrorCode;

/**
 * The base of every error that Cairn throws on purpose.
 *
 * `code` is stable across releases, so that a caller can tell errors apart without reading their text.
 */
export class CairnError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Too much is under way. What turns work away says so in the log when that begins: there is no line for each of these. */
export class OverloadError extends CairnError {}

/** The text of anything that was thrown, for a log line. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of a system error, such as ENOENT or EADDRINUSE; undefined for what has none. */
export function systemCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
