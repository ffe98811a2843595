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
  ADDRESS: 'The address of an HTTP page cannot be read.',
  ADMIN: 'The admin interface of a running server cannot be reached, or does not do what it was asked for.',
  CACHE: 'Too many queries waited for the replies to equal queries, and this one had waited longest.',
  CANCEL: 'A query took longer than the plugin `cancel` allows.',
  CATALOG: 'A catalog zone is broken (RFC 9432), or has too many zones.',
  CLUSTER:
    'A call on a test cluster, or its start, names a pod that does not exist or is ambiguous, or has an option or a value that is not valid.',
  COREFILE: 'The Corefile cannot be read, has a mistake, or has a plugin that cannot start.',
  COREFILE_ZONE: 'The key of a server block, or a zone in an argument, is not valid.',
  DURATION: 'A duration in the Corefile cannot be read.',
  EACCES: 'The process may not listen on the port.',
  EADDRINUSE: 'Another program has the port.',
  EADDRNOTAVAIL: 'The machine does not have the address to listen on.',
  EAI_AGAIN:
    'A lookup of the client side got no response, or SERVFAIL or REFUSED. getaddrinfo has one code for all of them.',
  EAI_FAIL: 'A lookup of the client side got another response code. getaddrinfo has one code for all of them.',
  EBADNAME: 'The name in a lookup of the client side is not valid for the stub resolver.',
  ECANCELLED: 'A program ended the lookup of the client side with `cancel()`.',
  ECONNREFUSED: 'A lookup of the client side reached no nameserver.',
  EFORMERR: 'A lookup of the client side got the response code FORMERR.',
  EINVAL: 'A reverse lookup of the client side got an argument that is not an IP address.',
  EISDIR: 'A path leads to a folder instead of a file.',
  ENODATA: 'A lookup of the client side found the name, but no record of the type.',
  ENOTFOUND: 'The name in a lookup of the client side does not exist, or the stub resolver does not ask for it.',
  ENOTIMP: 'A lookup of the client side got the response code NOTIMP.',
  EREFUSED: 'A lookup of the client side got the response code REFUSED, or one that stub resolvers do not know.',
  ERRATIC: 'The plugin `erratic` got a query for another type than A and AAAA.',
  ESERVFAIL: 'A lookup of the client side got the response code SERVFAIL, or the server does not know the zone.',
  ETIMEOUT: 'A lookup of the client side got no response in time.',
  EXPRESSION: 'An expression is wrong, or has no value for a query.',
  EXTERNAL_NAME: 'The CNAME chain of ExternalName services is a loop, or too long.',
  FILE_TOO_LARGE: 'A file is larger than its limit.',
  FORWARD:
    'A query was not forwarded, as no upstream is healthy or too many queries are in flight; or the host name of an upstream has no usable addresses.',
  FRAME_STREAM: 'The other end of a connection of `dnstap` does not speak frame streams, or takes other contents.',
  INSTALL:
    '`install` of a test cluster has an option that is not valid, or came twice; or the program wanted names outside of the cluster.',
  ISOLATION:
    'A plugin of the server block would tell all clients of the names that the option `isolate` of `kubernetes` hides.',
  K8S_EXTERNAL: 'The plugin `k8s_external` is in a server block without `kubernetes`.',
  K8S_GATEWAY: 'The host name that objects give to a zone of `k8s_gateway` itself cannot be looked up.',
  KUBECONFIG: 'A kubeconfig or its token file cannot be used. It is the `cause` of `KUBERNETES_ACCESS`.',
  KUBERNETES_ACCESS:
    'The settings or credentials for the API server cannot be used: a kubeconfig, a token or a file of certificates.',
  KUBERNETES_CONNECTION: 'The API server cannot be reached, was silent, or sent a response that cannot be read.',
  KUBERNETES_STATUS: 'The API server responded with an error status, or ended a watch with one.',
  KUBERNETES_WATCH_GIVEN_UP:
    'Cairn itself ended a silent watch, to resume it on another connection or to list again. This is not a failure.',
  KUBERNETES_WENT_BACK:
    'The API server has an earlier resource version than before, for example because etcd was restored.',
  LISTEN: 'The server cannot listen on an address, for a reason that has no code here.',
  LOADBALANCE_WEIGHTS: 'The file of weights of `loadbalance` has a mistake.',
  LOOP: 'An upstream sends queries back to this server.',
  MANIFEST: 'A manifest file has mistakes, or cannot be read.',
  MEMO: 'The environment variable `CAIRN_MEMO` is neither "on" nor "off".',
  NAME: 'A text is not a valid domain name.',
  NAMESPACES: '`cairn run` cannot make namespaces for a program: the system does not allow it, or lacks a command.',
  NODE_VERSION: 'The Node.js that runs Cairn is too old.',
  NOTIFY: 'A NOTIFY was refused: its sender may not send it, or the zone is not copied from a server.',
  NOT_A_FILE: 'A path leads to something other than a regular file.',
  NOT_SYNCED: 'A query came before all objects of the cluster were read.',
  NO_CLUSTER:
    'The plugin `kubernetes` or `k8s_gateway` has neither manifests nor an API server, and the process does not run in a cluster.',
  NO_NEXT_PLUGIN: 'No plugin of the server block answers the query.',
  OBJECT: 'A Kubernetes object has a mistake, or a change of objects is not possible.',
  OPTIONS: 'A call of `cairn-dns` or `cairn-dns/resolver` has an option or a value that is not valid.',
  PAGE: 'An HTTP page cannot be served: the page exists, or other pages of its address have another certificate.',
  PLUGIN: 'A plugin package cannot be loaded, or its place in the chain contradicts another.',
  PRESENTATION: 'A record or a value in presentation format (RFC 9499) is wrong.',
  PROGRAM: 'The image or the runtime of a program is not one that the client side knows.',
  RESOLV_CONF: 'A resolv.conf cannot be read.',
  REUSEPORT: 'This machine does not let processes share a port.',
  REWRITE: 'A name after a rewrite is not valid, or too many replies wait to be rewritten.',
  SELECTOR: 'A label selector is wrong.',
  SHUTDOWN: 'Parts of the server failed to stop.',
  SNAPSHOT: 'A snapshot of a cluster or of a cache cannot be used, or cannot be written.',
  STOPPED: 'A query, a lookup or a call came to a test cluster that was stopped.',
  TEMPLATE: 'A template of the plugin `template` is wrong or fails.',
  TEMPLATE_RECORD: 'The result of a template is not a record.',
  TEMPLATE_UNMATCHED:
    'No pattern of `template` matches the name, or a condition is not true, and the template does not fall through.',
  TRANSFER: 'A query for a zone transfer was refused, or failed.',
  TYPE: 'A text is not a record type.',
  UDP: 'The environment variable `CAIRN_UDP` has an unknown value, or this machine cannot use that kind of UDP socket.',
  UPSTREAM: 'An exchange with an upstream failed.',
  USAGE: 'A command line is wrong.',
  WEB_CONFIG: 'The web configuration of the plugin `prometheus` has a mistake.',
  WIRE: 'A DNS message cannot be decoded or encoded.',
  YAML_LIMIT: 'A YAML document exceeds a limit.',
  ZONE: 'A zone has a mistake, or cannot be served.',
  ZONE_FILE: 'A master file has a mistake.',
} as const;

/** The code of an error that a plugin package defines. The package's page explains it. */
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

/** Too much work is under way. The part that refuses work logs once when that begins, so there is no log line for each of these errors. */
export class OverloadError extends CairnError {}

/** The text of anything that was thrown, for a log line. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of a system error, such as ENOENT or EADDRINUSE; undefined if there is none. */
export function systemCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
