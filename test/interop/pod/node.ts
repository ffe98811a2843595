/**
 * The node's side of the world, run in the node's namespaces: the API server at its cluster IP, the name server that the node's resolv.conf
 * names, and the kubelet's probes. Its argument is a file of JSON, a {@link NodeSetup}. Each line of its input is an {@link Order}, and is answered with a
 * line. It ends with its input.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Rcode } from '../../../src/dns/message.ts';
import { type Command, obey } from '../../support/api-server/commands.ts';
import { type ApiServerOptions, startApiServer } from '../../support/api-server/index.ts';
import { clusterCertificate } from '../../support/certificate.ts';
import { answerTo, type Received, startUpstream } from '../../support/upstream.ts';

export interface NodeSetup {
  readonly api: ApiServerOptions;
  readonly nameserver: string;
  /** What the name server knows, as zone-file text; everything else is NXDOMAIN. */
  readonly outside: readonly string[];
}

export interface Order extends Command {
  /** Asks a page, as the kubelet probes. */
  readonly get?: string;
}

/** The answer to an order. */
export interface Done {
  readonly status: number;
  readonly body: string;
}

const { api: options, nameserver, outside } = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as NodeSetup;
const api = await startApiServer({ ...options, tls: clusterCertificate });
const upstream = await startUpstream(answerOutside, undefined, { address: nameserver, port: 53 });
print({ status: 0, body: api.url });
for await (const line of createInterface({ input: process.stdin })) {
  const { get, ...command } = JSON.parse(line) as Order;
  await obey(api, command);
  print(get === undefined ? { status: 0, body: '' } : await probe(get));
}
await api.close();
await upstream.close();

function answerOutside({ message, reply }: Received): void {
  const [question] = message.questions;
  const { answer } = answerTo(message, outside);
  const ofName = answer.filter(({ name }) => name.toLowerCase() === question?.name.toLowerCase());
  const records = ofName.filter(({ type }) => type === question?.type);
  const rcode = ofName.length > 0 ? Rcode.NOERROR : Rcode.NXDOMAIN;
  reply({ ...answerTo(message, [], { rcode }), answer: records });
}

async function probe(url: string): Promise<Done> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    return { status: 0, body: `${(error as Error).cause ?? error}` };
  }
}

function print(done: Done): void {
  process.stdout.write(`${JSON.stringify(done)}\n`);
}
