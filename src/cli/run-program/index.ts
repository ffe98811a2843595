/*
 * `cairn run`: a program in a pod's surroundings. Begin here; namespaces.ts starts the program, dns.ts and relay.ts answer on the sockets
 * that open-sockets.ts opens around it, and report.ts says what was asked. It changes nothing outside of the program's namespaces.
 */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CairnError } from '../../base/errors.ts';
import { DNS_PORT } from '../../net/addresses.ts';
import { printable } from '../../observe/printable.ts';
import { printResolvConf, type ResolvConf } from '../../resolver/index.ts';
import type { RunValues } from '../commands/run.ts';
import { openPodView, type PodView } from '../lookup/view.ts';
import { type AnswerMessage, serveTcp, serveUdp } from './dns.ts';
import { openOnLoopback } from './loopback.ts';
import { hasStarted, type PodNetwork, problemIn, startInNamespaces } from './namespaces.ts';
import { type RunFlags, readRun } from './options.ts';
import { logQueries } from './query-log.ts';
import { printReport } from './report.ts';
import { addressesServed, type Served } from './serve.ts';
import { passSignals } from './signals.ts';
import { serveSockets } from './sockets.ts';

/** The address of a pod that is no object: for documentation (RFC 5737, RFC 3849), so no other pod has it. */
const ORDINARY_POD = { 4: '192.0.2.1', 6: '2001:db8::1' };
/** What shells add to the number of a signal. */
const SIGNAL_STATUS = 128;

/** `cairn run`: a program with the DNS of a pod. The result is the exit status. */
export async function runProgram(words: readonly string[], values: RunValues): Promise<number> {
  const flags = readRun(words, values);
  if (process.platform !== 'linux')
    throw new CairnError('NAMESPACES', `cairn run needs Linux: ${process.platform} has no namespaces`);
  const folder = mkdtempSync(join(tmpdir(), 'cairn-run-'));
  let ending: Ending;
  try {
    ending = await runIn(folder, flags);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return ending.signal ? endBy(ending.signal) : ending.code;
}

interface Ending {
  readonly code: number;
  readonly signal: NodeJS.Signals | undefined;
}

async function runIn(folder: string, flags: RunFlags): Promise<Ending> {
  const { hostNetwork, command, serve, image } = flags;
  const view = await openPodView(flags);
  const log = logQueries(view);
  const open: (() => void)[] = [];
  try {
    const served = addressesServed(serve, view.cluster);
    const network = hostNetwork ? undefined : networkOf(view, served);
    const resolvConf = network ? view.resolvConf : await answerOnLoopback(view, log.answer, open);
    const files = { folder, resolvConf: printResolvConf(resolvConf), hosts: view.hosts };
    const program = startInNamespaces(command, { ...files, ...(network && { network }) });
    open.push(passSignals(program), serveSockets(program, { network, served, answer: log.answer, tell }));
    const [code, signal] = (await once(program, 'exit')) as [number | null, NodeJS.Signals | null];
    if (!signal && !hasStarted(folder))
      throw new CairnError('NAMESPACES', `the program cannot be started: ${problemIn(folder)}`);
    process.stderr.write(printable(await printReport(log, view, image)));
    return { code: code ?? 0, signal: signal ?? undefined };
  } finally {
    for (const close of open) close();
    await view.close();
  }
}

function networkOf({ resolvConf, clusterDns, manifest }: PodView, served: readonly Served[]): PodNetwork {
  const nameservers = resolvConf.nameservers.flatMap((address) =>
    (['udp', 'tcp'] as const).map((protocol) => ({ protocol, address, port: DNS_PORT })),
  );
  return {
    addresses: manifest?.record?.ips ?? [ORDINARY_POD[clusterDns.includes(':') ? 6 : 4]],
    sockets: [...nameservers, ...served.map(({ at }) => ({ protocol: 'tcp' as const, ...at }))],
  };
}

/** In the machine's network, a loopback address takes the place of the cluster's DNS address. */
async function answerOnLoopback(
  { resolvConf, clusterDns }: PodView,
  answer: AnswerMessage,
  open: (() => void)[],
): Promise<ResolvConf> {
  const { address, udp, tcp } = await openOnLoopback();
  open.push(serveUdp(udp, clusterDns, answer), serveTcp(tcp, clusterDns, answer));
  return { ...resolvConf, nameservers: resolvConf.nameservers.map((one) => (one === clusterDns ? address : one)) };
}

function tell(problem: string): void {
  process.stderr.write(printable(`cairn run: ${problem}\n`));
}

/** Ends this process as the program ended. A signal that this process ignores becomes a status. */
function endBy(signal: NodeJS.Signals): number {
  process.kill(process.pid, signal);
  return SIGNAL_STATUS + constants.signals[signal];
}
