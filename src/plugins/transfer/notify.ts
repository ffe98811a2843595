import { messageOf } from '../../base/errors.ts';
import { Class, Opcode, printRcode, queryMessage, Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { type ResourceRecord, SOA } from '../../dns/rr.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { type Peer, printPeer } from '../../net/transport.ts';
import { exchangeUdp } from '../../net/upstream/udp.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { Cell } from '../../observe/metrics.ts';
import type { TransferSource } from '../../plugin/transfer.ts';

/** How long a change waits for further changes. */
const SETTLE_MS = 1000;
/** The minimum time between two NOTIFY messages about a zone, however often it changes. */
export const MIN_INTERVAL_MS = 5000;
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

/** Notifies servers of a zone's present version, and of every change from now on (RFC 1996). Returns a function that ends it. */
export function notifyOfChanges(zone: Name, options: NotifierOptions): () => void {
  const { source, to, clock, log } = options;
  let timer: Timer | undefined;
  let isSending = false;
  let isDue = false;
  let isStopped = false;
  let lastMs = Number.NEGATIVE_INFINITY;

  const changed = () => {
    isDue = true;
    if (timer || isSending || isStopped) return;
    const delayMs = Math.max(SETTLE_MS, lastMs + MIN_INTERVAL_MS - clock.monotonic());
    timer = clock.after(delayMs, () => void tellAll());
  };
  const tellAll = async () => {
    timer = undefined;
    isDue = false;
    isSending = true;
    lastMs = clock.monotonic();
    try {
      const version = source.zone(zone);
      if (version) await Promise.all(to.map((peer) => tell(zone, version.soa, peer, options, () => isStopped)));
    } catch (thrown) {
      log.error(`no NOTIFY of ${zone}: ${messageOf(thrown)}`);
    }
    isSending = false;
    if (isDue) changed();
  };
  const unsubscribe = source.onChange(zone, changed);
  changed();
  return () => {
    isStopped = true;
    timer?.cancel();
    unsubscribe();
    for (const peer of to) options.problems.delete(recipient(zone, peer));
  };
}

function recipient(zone: Name, to: Peer): string {
  return `${zone} to ${printPeer(to)}`;
}

/** Notifies one server of a version, up to three times until it answers. */
async function tell(
  zone: Name,
  soa: ResourceRecord,
  to: Peer,
  { clock, log, counts, problems, sourceAddress, exchange = exchangeUdp }: NotifierOptions,
  isStopped: () => boolean,
): Promise<void> {
  const message = notifyMessage(zone, soa);
  let problem = '';
  for (let attempt = 0; attempt < ATTEMPTS && !isStopped(); attempt++) {
    try {
      const { rcode } = decodeMessage(await exchange(message, to, TIMEOUT_MS, { clock, sourceAddress }));
      if (rcode === Rcode.NOERROR) {
        counts.answered.value++;
        problems.delete(recipient(zone, to));
        return;
      }
      problem = printRcode(rcode);
      break; // the server has answered
    } catch (thrown) {
      problem = messageOf(thrown);
    }
  }
  counts.failed.value++;
  if (isStopped()) return;
  problems.set(recipient(zone, to), problem);
  log.warning(`NOTIFY of ${recipient(zone, to)}: ${problem}`);
}

/** RFC 1996 §3.7: the new SOA record is a hint: a server that already has this version need not ask. */
function notifyMessage(zone: Name, soa: ResourceRecord): Buffer {
  const query = queryMessage({ name: zone, type: SOA.code, class: Class.IN }, { rd: false });
  return encodeMessage({ ...query, opcode: Opcode.NOTIFY, aa: true, answer: [soa] });
}
