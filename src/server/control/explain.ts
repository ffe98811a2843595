import type { Candidate, Explanation } from '../../admin/protocol/index.ts';
import { Class, OWN_UDP_SIZE, printRcode, queryMessage, Rcode } from '../../dns/message.ts';
import { foldName, isAtOrBelow, type Name, parseUnicodeName } from '../../dns/name.ts';
import { printRecord } from '../../dns/presentation.ts';
import { printType } from '../../dns/rr.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { findClient } from '../../plugin/client-view.ts';
import { CACHE, UPSTREAMS } from '../../plugin/keys.ts';
import { ControlError, type ExplainRequest } from '../../plugin/server-control.ts';
import { resolvConfFor } from '../../resolver/kubelet.ts';
import { searchPlan } from '../../resolver/plan.ts';
import { type Explaining, explain } from '../answer/explain.ts';
import type { Block } from '../answer/router.ts';
import { elapsedMs, type RecordedStep } from '../answer/steps.ts';
import type { Listener } from '../listeners/listener.ts';
import type { Controlled } from './controlled.ts';

/** How many names may be explained at the same time: each is asked for like a client's query. */
export const MAX_EXPLANATIONS = 4;
/** How long an explanation may take. */
export const EXPLANATION_LIMIT_MS = 10_000;

const DNS_PORT = 53;
/** After another rcode, a stub resolver does not go on with its search list. */
const GOES_ON: readonly number[] = [Rcode.NOERROR, Rcode.NXDOMAIN, Rcode.SERVFAIL];

/** A name that a client asks for, and why. */
type Wanted = Pick<Candidate, 'name' | 'because'>;

/** What is known of a client as a pod. */
type KnownClient = ReturnType<typeof findClient>;

/** Explains what clients get, to a few at a time. */
export class Explanations {
  private readonly server: Controlled;
  private underWay = 0;

  constructor(server: Controlled) {
    this.server = server;
  }

  /** @throws NameError, ControlError (as a rejection) */
  async explain(request: ExplainRequest): Promise<Explanation> {
    if (this.underWay >= MAX_EXPLANATIONS) {
      throw new ControlError(429, `${MAX_EXPLANATIONS} names are being explained already: ask again in a moment`);
    }
    this.underWay++;
    const limit = new TimeLimit(this.server);
    try {
      return await this.ask(request, limit);
    } finally {
      limit.end();
      this.underWay--;
    }
  }

  private async ask(request: ExplainRequest, limit: TimeLimit): Promise<Explanation> {
    const { name, type, client } = request;
    const known = findClient(client.address, this.server.instance?.clientViews ?? []);
    const candidates: Candidate[] = [];
    for (const wanted of wantedNames(name, known, this.knowsClients)) {
      const candidate = await this.askFor(wanted, request, limit);
      candidates.push(candidate);
      if (isLast(candidate)) break;
    }
    const namespace = known && { namespace: known.namespace };
    return { name, type: printType(type), client: client.address, ...namespace, candidates };
  }

  private get knowsClients(): boolean {
    return (this.server.instance?.clientViews ?? []).length > 0;
  }

  private async askFor(
    wanted: Wanted,
    { type, client, protocol }: ExplainRequest,
    limit: TimeLimit,
  ): Promise<Candidate> {
    const { listeners, clock } = this.server;
    const name = foldName(wanted.name);
    const listener = listenerFor(name, listeners);
    if (!listener) throw new ControlError(503, 'the server does not listen yet: ask again in a moment');
    const bytes = encodeQuestion(wanted.name, type);
    const local = { address: listener.address ?? '127.0.0.1', port: listener.port };
    const receivedMs = clock.monotonic();
    const arrival = { protocol, client: { ...client }, local, octets: bytes.length, receivedMs };
    const asked = explain(listener.responder, bytes, arrival);
    const { bytes: response, plugin, zone, reason, steps } = await limit.within(asked, wanted);
    return {
      ...wanted,
      ...readResponse(response),
      durationMs: elapsedMs(clock, receivedMs),
      server: listener.server,
      ...(zone !== undefined && { zone }),
      ...viewOf(asked.block),
      plugin,
      ...(reason !== undefined && { reason }),
      ...{ steps, cached: asked.recording?.cached ?? [], wouldAsk: upstreamsOf(asked.recording?.steps ?? []) },
    };
  }
}

/** The time that an explanation may take, with all its queries. */
class TimeLimit {
  private readonly expired = Promise.withResolvers<undefined>();
  private readonly timer: { cancel(): void };

  constructor({ clock }: Controlled) {
    this.timer = clock.after(EXPLANATION_LIMIT_MS, () => this.expired.resolve(undefined));
  }

  /** @throws ControlError (as a rejection) that says what the query waits for */
  async within({ explained, recording }: Explaining, { name }: Wanted) {
    const made = await Promise.race([explained, this.expired.promise]);
    if (made) return made;
    const step = recording?.waiting;
    const what = step
      ? `${step.place.plugin} works on ${step.query.question.name} ${printType(step.query.type)}`
      : 'nothing is known of it';
    throw new ControlError(504, `no reply for ${name} within ${EXPLANATION_LIMIT_MS / 1000} s: ${what}`);
  }

  end(): void {
    this.timer.cancel();
  }
}

/** The names that a client asks for, in turn. @throws NameError */
function wantedNames(text: string, known: KnownClient, knowsClients: boolean): readonly Wanted[] {
  const absolute = parseUnicodeName(text);
  const asItIs = (why: string) => [{ name: absolute, because: `as it is: ${why}` }];
  if (text.endsWith('.')) return asItIs('the dot at the end makes it absolute');
  if (!known) {
    return asItIs(
      knowsClients
        ? 'no known pod has the address of the client'
        : "no plugin knows pods as clients, as 'kubernetes' does with 'pods verified'",
    );
  }
  const { domain } = known.view;
  if (domain === undefined) return asItIs('no zone of the cluster is served here');
  const clusterDomain = domain.replace(/\.$/, '');
  const resolvConf = resolvConfFor(known.namespace, { clusterDns: ['127.0.0.1'], clusterDomain, nodeResolvConf: '' });
  const { candidates } = searchPlan(absolute.replace(/\.$/, ''), { resolvConf, environment: {} }, 'A');
  return candidates.map(({ name, suffix, reason }) => ({
    name,
    because: suffix === undefined ? reason.replace(/^as typed/, 'as it is') : `search list: ${suffix}`,
  }));
}

/** Whether a client does not go on after this response: it has found something, or its resolver gives up. */
function isLast({ rcode, answer }: Candidate): boolean {
  if (rcode === printRcode(Rcode.NOERROR) && answer.length > 0) return true;
  return !GOES_ON.some((code) => printRcode(code) === rcode);
}

/** The listener that a client would ask: that of port 53, or the first one that serves the name. */
function listenerFor(name: Name, listeners: readonly Listener[]): Listener | undefined {
  const isPlain = ({ transport }: Listener) => transport === 'dns';
  const rank = (listener: Listener) => (isPlain(listener) ? 2 : 0) + (listener.port === DNS_PORT ? 1 : 0);
  const inOrder = [...listeners].sort((a, b) => rank(b) - rank(a));
  const serves = ({ router }: Listener) => router.zones.some((zone) => isAtOrBelow(name, zone));
  return inOrder.find(serves) ?? inOrder[0];
}

function encodeQuestion(name: Name, type: number): Uint8Array {
  const message = queryMessage({ name, type, class: Class.IN });
  return encodeMessage({ ...message, edns: { udpSize: OWN_UDP_SIZE, version: 0, do: false, options: [] } });
}

function readResponse(bytes: Uint8Array | undefined): Pick<Candidate, 'rcode' | 'answer' | 'truncated'> {
  if (!bytes) return { rcode: null, answer: [] };
  const { rcode, answer, tc } = decodeMessage(bytes);
  return { rcode: printRcode(rcode), answer: answer.map(printRecord), ...(tc && { truncated: true }) };
}

function viewOf(block: Block | undefined): Pick<Candidate, 'view'> {
  return block?.view === undefined ? {} : { view: block.view };
}

/** The servers that the plugins would ask that answered, or the plugins below a cache that answered in their place. */
function upstreamsOf(steps: readonly RecordedStep[]): readonly string[] {
  const answered = steps.filter(({ result }) => result?.did === 'answered');
  return [
    ...new Set(
      answered.flatMap(({ place: { plugin, offers }, query: { name } }) => {
        const isCache = offers.of(CACHE, plugin).length > 0;
        const asking = isCache ? offers.of(UPSTREAMS) : offers.of(UPSTREAMS, plugin);
        return asking.map((upstreams) => upstreams(name)).find((servers) => servers.length > 0) ?? [];
      }),
    ),
  ];
}
