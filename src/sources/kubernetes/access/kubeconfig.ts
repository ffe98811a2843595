import { fork } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { CairnError, messageOf } from '../../../base/errors.ts';
import { programBeside } from '../../../base/program.ts';
import { MAX_CREDENTIAL_OCTETS, readText } from '../../../base/read-file.ts';
import type { Clock } from '../../../observe/clock.ts';
import { type Access, AccessError, type Credentials, PACKED, type Renewed, rereadEachMinute } from './access.ts';

/** The result of a kubeconfig. */
export interface Resolved {
  readonly access: Access;
  /** The files that it names: if one of them changes, the kubeconfig is read again. */
  readonly files: readonly string[];
  /** The file of a bearer token, which takes precedence over the token in the kubeconfig; null if there is none. */
  readonly tokenFile: string | null;
  /** When the credentials expire, in milliseconds since the Unix epoch; null if they do not say. */
  readonly expiresAtMs: number | null;
}

/** Credentials are renewed this long before they expire. */
const RENEW_BEFORE_MS = 60_000;
/** The minimum time between two processes, even if one fails, or if credentials are refused or expire at once. */
const MIN_INTERVAL_MS = 10_000;
/** How long an exec plugin or an OIDC provider may take. */
const TIMEOUT_MS = 60_000;
/** The command has the library in it. A program that imports Cairn installs it only if it uses kubeconfigs. */
const MISSING_LIBRARY = /Cannot find package '@kubernetes\/client-node'/;
const INSTALL = 'reading it needs the package @kubernetes/client-node: npm install @kubernetes/client-node';
/** The maximum length of a process's error output that is kept. */
const MAX_STDERR = 4096;

/** Credentials of a kubeconfig's context, the current one if none is given. */
export function kubeconfigCredentials(
  file: string,
  context: string | undefined,
  clock: Clock,
  resolve: typeof resolveKubeconfig = resolveKubeconfig,
): Credentials {
  let known: (Resolved & { readonly stamp: string }) | undefined;
  let failure: unknown;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let isRefused = false;
  let token: { readonly path: string; readonly source: Renewed<string> } | undefined;

  async function access(): Promise<Access> {
    const resolved = await resolvedNow();
    const { tokenFile } = resolved;
    if (tokenFile === null) return resolved.access;
    if (token?.path !== tokenFile) token = { path: tokenFile, source: tokenIn(tokenFile, clock) };
    try {
      const authorization = `Bearer ${await token.source.access()}`;
      return { ...resolved.access, headers: { ...resolved.access.headers, authorization } };
    } catch (thrown) {
      if (resolved.access.headers.authorization !== undefined) return resolved.access;
      throw new AccessError(`kubeconfig ${file}: ${messageOf(thrown)}`, thrown);
    }
  }

  async function resolvedNow(): Promise<Resolved> {
    if (clock.monotonic() - triedAtMs < MIN_INTERVAL_MS) {
      if (!known) throw failure;
      return known;
    }
    const stamp = await stampOf([file, ...(known?.files ?? [])]);
    const isExpiring = (known?.expiresAtMs ?? Number.POSITIVE_INFINITY) - RENEW_BEFORE_MS <= clock.now();
    if (known && !isRefused && !isExpiring && stamp === known.stamp) return known;
    triedAtMs = clock.monotonic();
    try {
      const resolved = await resolve(file, context);
      known = { ...resolved, stamp: await stampOf([file, ...resolved.files]) };
      isRefused = false;
    } catch (thrown) {
      failure = thrown;
      if (!known) throw thrown;
    }
    return known;
  }

  let underWay: Promise<Access> | undefined;
  return {
    access() {
      underWay ??= access().finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
    refused() {
      isRefused = true;
      token?.source.refused();
    },
  };
}

/** The token in a file, which may be replaced at any time. */
function tokenIn(path: string, clock: Clock): Renewed<string> {
  return rereadEachMinute(clock, async () => {
    const text = await readText(path, MAX_CREDENTIAL_OCTETS).catch((thrown) => {
      throw new CairnError('KUBECONFIG', `the tokenFile cannot be read: ${messageOf(thrown)}`, { cause: thrown });
    });
    if (text.trim() === '') throw new CairnError('KUBECONFIG', `the tokenFile ${path} is empty`);
    return text.trim();
  });
}

/** A text that differs if one of the files may have changed. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = files.map(async (file) => {
    const found = await stat(file).catch(() => undefined);
    return found ? `${found.ino} ${found.mtimeMs} ${found.size}` : 'none';
  });
  return (await Promise.all(stamps)).join();
}

/** Reads a kubeconfig in a short-lived process. @throws AccessError */
export async function resolveKubeconfig(file: string, context: string | undefined): Promise<Resolved> {
  try {
    await stat(file);
    const { access, ...resolved } = await runProcess([file, context ?? '']);
    return { ...resolved, access: { ...access, headers: { ...PACKED, ...access.headers } } };
  } catch (thrown) {
    throw new AccessError(`kubeconfig ${file}: ${messageOf(thrown)}`, thrown);
  }
}

function runProcess(args: readonly string[]): Promise<Resolved> {
  const script = programBeside(import.meta.url, 'kubeconfig-process');
  return new Promise((settle, reject) => {
    const child = fork(script, args, { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'], timeout: TIMEOUT_MS });
    let resolved: Resolved | undefined;
    let complaint = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, MAX_STDERR);
    });
    child.on('message', (message) => {
      resolved = message as Resolved;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (resolved) return settle(resolved);
      const ending = signal ? `no result within ${TIMEOUT_MS / 1000} s` : `the process ended with code ${code}`;
      reject(new CairnError('KUBECONFIG', MISSING_LIBRARY.test(complaint) ? INSTALL : complaint.trim() || ending));
    });
  });
}
