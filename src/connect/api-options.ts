import { argsBetween, atLeastArgs, durationMs, exactArgs, integer } from '../corefile/arguments.ts';
import type { Directive, OptionLine } from '../corefile/ast.ts';
import { CorefileError } from '../corefile/error.ts';
import type { Token } from '../corefile/token.ts';
import type { ParseContext } from '../plugin/plugin.ts';
import type { SnapshotOptions } from '../snapshot/keeper.ts';
import type { ConnectionOptions } from '../sources/kubernetes/access/access.ts';
import { DEFAULT_AUDIT_MS } from '../sources/kubernetes/audit.ts';
import type { ApiLimits } from '../sources/kubernetes/client.ts';
import { DEFAULT_MAX_AGE_MS } from '../sources/kubernetes/snapshot/contents.ts';

/** The options about the API server. */
export interface ApiOptions {
  /** Undefined if there are none: then the process runs in the cluster that it serves, or there are manifests. */
  readonly connection: ConnectionOptions | undefined;
  readonly limits: ApiLimits;
  /** How often the objects of each watch are compared with those of the API server, in milliseconds; 0 for never. */
  readonly auditMs: number;
  /** Keeps the records from one process to the next; undefined if nothing does. A relative path starts at the folder of `root`. */
  readonly snapshot: SnapshotOptions | undefined;
}

export const NO_API_OPTIONS: ApiOptions = {
  connection: undefined,
  limits: { qps: 0, burst: 0, maxInflight: 0 },
  auditMs: DEFAULT_AUDIT_MS,
  snapshot: undefined,
};

/** An audit lists all objects, and waits for the watch for a minute. */
const MIN_AUDIT_MS = 60_000;
/** A snapshot is written once a minute at most. */
const MIN_AGE_MS = 5 * 60_000;

interface ApiLines {
  kubeconfig?: { readonly file: string; readonly context?: string };
  endpoint?: string;
  tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  limits: { -readonly [K in keyof ApiLimits]: ApiLimits[K] };
  auditMs: number;
  snapshot?: SnapshotOptions;
}

/** The readers of the options, and the object that they fill. */
export function apiOptionReaders({ warn }: Pick<ParseContext, 'warn'>): {
  readonly lines: ApiLines;
  readonly readers: Record<string, (line: OptionLine) => void>;
} {
  const lines: ApiLines = { limits: { ...NO_API_OPTIONS.limits }, auditMs: DEFAULT_AUDIT_MS };
  const limit = (name: keyof ApiLimits, read: ReadNumber) => (line: OptionLine) => {
    lines.limits[name] = read(exactArgs(line, 1)[0], line.name);
  };
  const readers = {
    kubeconfig(line: OptionLine) {
      const [file, context] = argsBetween(line, 1, 2);
      lines.kubeconfig = { file: file.text, ...(context && { context: context.text }) };
    },
    endpoint(line: OptionLine) {
      const [first, second] = atLeastArgs(line, 1);
      lines.endpoint = readUrl(first);
      if (second) warn(second.position, `'endpoint' takes one URL: only ${first.text} is used`);
    },
    tls(line: OptionLine) {
      const [cert, key, ca] = exactArgs(line, 3);
      lines.tls = { cert: cert.text, key: key.text, ca: ca.text };
    },
    snapshot(line: OptionLine) {
      const [path, maxAge] = argsBetween(line, 1, 2);
      lines.snapshot = {
        path: path.text,
        maxAgeMs: maxAge ? durationMs(maxAge, { minMs: MIN_AGE_MS }) : DEFAULT_MAX_AGE_MS,
      };
    },
    audit(line: OptionLine) {
      const [interval] = exactArgs(line, 1);
      lines.auditMs = interval.text === 'off' ? 0 : durationMs(interval, { minMs: MIN_AUDIT_MS });
    },
    apiserver_qps: limit('qps', decimal),
    apiserver_burst: limit('burst', wholeNumber),
    apiserver_max_inflight: limit('maxInflight', wholeNumber),
  };
  return { lines, readers };
}

/** Combines the options. @throws CorefileError for options that exclude each other */
export function connectionOf(lines: ApiLines, directive: Directive, { warn }: Pick<ParseContext, 'warn'>): ApiOptions {
  const { kubeconfig, endpoint, tls, snapshot } = lines;
  const others = { limits: lines.limits, auditMs: lines.auditMs, snapshot };
  const place = (...names: string[]) => directive.options.find(({ name }) => names.includes(name));
  const manifests = place('manifests');
  const ofApi = place(
    'kubeconfig',
    'endpoint',
    'tls',
    'apiserver_qps',
    'apiserver_burst',
    'apiserver_max_inflight',
    'audit',
    'snapshot',
  );
  if (manifests && ofApi) {
    const detail = `'${ofApi.name}' is about an API server, and 'manifests' takes its place - remove one of them`;
    throw new CorefileError(ofApi.position, detail);
  }
  if (kubeconfig) {
    const idle = place('endpoint', 'tls');
    if (idle) warn(idle.position, "'endpoint' and 'tls' have no effect beside 'kubeconfig': remove them");
    return { connection: { kind: 'kubeconfig', ...kubeconfig }, ...others };
  }
  if (endpoint !== undefined) {
    return { connection: { kind: 'endpoint', url: endpoint, ...(tls && { tls }) }, ...others };
  }
  const stray = place('tls');
  if (stray) {
    const detail = "'tls' is for the API server of 'endpoint', and there is none - add 'endpoint URL', or remove 'tls'";
    throw new CorefileError(stray.position, detail);
  }
  return { connection: undefined, ...others };
}

/** An address without a scheme means HTTP, as in CoreDNS. */
function readUrl({ text, position }: Token): string {
  const url = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  if (URL.canParse(url)) return url;
  throw new CorefileError(position, `'${text}' is not a URL, expecting one such as https://10.0.0.1:6443`);
}

type ReadNumber = (token: Token, name: string) => number;

const wholeNumber: ReadNumber = (token, name) => integer(token, { min: 0 }, name);

const decimal: ReadNumber = ({ text, position }, name) => {
  if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) && Number(text) >= 0) return Number(text);
  throw new CorefileError(position, `invalid ${name} '${text}', expecting a number from 0 on`);
};
