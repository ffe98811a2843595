import { messageOf } from '../../base/errors.ts';
import { Class, Opcode, printRcode, queryMessage, Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { type ResourceRecord, SOA } from '../../dns/rr.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { type Peer, printPeer } from '../../net/transport.ts';
import { exchangeUdp } from '../../net/upstream/udp.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { Cell } from '../../observe/metrics.ts';
import type { TransferSource } from '../../plugin/transfer.ts';
import { Pace } from './pace.ts';

/** The minimum time between two NOTIFY messages about a zone to a server, however often it changes: each tells a serial, which is a time in seconds. */
export const MIN_INTERVAL_MS = 1000;
const ATTEMPTS = 3;
const TIMEOUT_MS = 5000;

interface NotifierOptions {
  readonly source: TransferSource;
  readonly to: readonly Peer[];
  readonly sourceAddress: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counts: { readonly answered: Cell; readonly failed: Cell };
  /** Servers that did not take the last NOTIFY of a zone, as `ZONE to SERVER`, and why. */
  readonly problems: Map<string, string>;
  /** Sends a message and resolves with the octets of the response. */
  readonly exchange?: typeof exchangeUdp;
}

/**
 * Notifies servers of a zone's present version, and of every change from now on (RFC 1996). Each gets one message at a time, so one that does not answer
 * delays only its own. Returns a function that ends it.
 */
export function notifyOfChanges(zone: Name, options: NotifierOptions): () => void {
  const stops = options.to.map((peer) => notifyServer(zone, peer, options));
  return () => {
    for (const stop of stops) stop();
  };
}

function notifyServer(zone: Name, peer: Peer, options: NotifierOptions): () => void {
  const { source, clock, log, problems } = options;
  let isSending = false;
  let isDue = false;
  let isStopped = false;
  const recipient = `${zone} to ${printPeer(peer)}`;

  const pace = new Pace(clock, MIN_INTERVAL_MS, () => void tellNow());
  const changed = () => {
    isDue = true;
    if (!isSending && !isStopped) pace.soon();
  };
  const tellNow = async () => {
    isDue = false;
    isSending = true;
    try {
      const version = source.zone(zone);
      if (version) report(await tell(zone, version.soa, peer, options, () => isStopped));
    } catch (thrown) {
      log.error(`no NOTIFY of ${zone}: ${messageOf(thrown)}`);
    }
    isSending = false;
    if (isDue) changed();
  };
  /** Logs a problem once, until there is another one or none. */
  const report = (found: string | undefined) => {
    if (isStopped) return;
    if (found !== undefined && found !== problems.get(recipient)) log.warning(`NOTIFY of ${recipient}: ${found}`);
    if (found === undefined) problems.delete(recipient);
    else problems.set(recipient, found);
  };
  const unsubscribe = source.onChange(zone, changed);
  changed();
  return () => {
    isStopped = true;
    pace.stop();
    unsubscribe();
    problems.delete(recipient);
  };
}

/** Notifies one server of a version, up to three times until it answers. Resolves with the problem if it does not, or refuses. */
async function tell(
  zone: Name,
  soa: ResourceRecord,
  to: Peer,
  { clock, counts, sourceAddress, exchange = exchangeUdp }: NotifierOptions,
  isStopped: () => boolean,
): Promise<string | undefined> {
  const message = notifyMessage(zone, soa);
  let problem = '';
  for (let attempt = 0; attempt < ATTEMPTS && !isStopped(); attempt++) {
    try {
      const { rcode } = decodeMessage(await exchange(message, to, TIMEOUT_MS, { clock, sourceAddress }));
      if (rcode === Rcode.NOERROR) {
        counts.answered.value++;
        return undefined;
      }
      problem = printRcode(rcode);
      break; // the server has answered
    } catch (thrown) {
      problem = messageOf(thrown);
    }
  }
  counts.failed.value++;
  return problem;
}

/** RFC 1996 §3.7: the new SOA record is a hint: a server that already has this version need not ask. */
function notifyMessage(zone: Name, soa: ResourceRecord): Buffer {
  const query = queryMessage({ name: zone, type: SOA.code, class: Class.IN }, { rd: false });
  return encodeMessage({ ...query, opcode: Opcode.NOTIFY, aa: true, answer: [soa] });
}
