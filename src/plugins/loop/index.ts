import { CairnError } from '../../base/errors.ts';
import { noArgs, noBlock, once } from '../../corefile/arguments.ts';
import { Class, queryMessage, Rcode } from '../../dns/message.ts';
import { type Name, ROOT } from '../../dns/name.ts';
import { HINFO } from '../../dns/rr.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { type Peer, printPeer } from '../../net/transport.ts';
import { exchangeUdp } from '../../net/upstream/udp.ts';
import type { Clock } from '../../observe/clock.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { createReply } from '../../plugin/reply.ts';
import type { OwnStatus } from '../../plugin/status.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import { createLoopGuard } from './guard.ts';

/** Longer than `forward` tries, so that its SERVFAIL still arrives. */
const PROBE_TIMEOUT_MS = 6000;

/** The addresses of a listener on all addresses, each with the loopback address to ask. */
const WILDCARDS: Readonly<Record<string, string>> = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Finds loops of queries between this server and its upstreams, and stops them. */
export default definePlugin({
  name: 'loop',
  dependsOn: 'marked',

  parse(uses) {
    const directive = once(uses);
    noArgs(directive);
    noBlock(directive);
  },

  create(_, { log, clock, random, block, metrics }) {
    const [zone = ROOT] = block.zones;
    const help = '1 while an upstream sends queries back to this server.';
    const gauge = metrics.gauge('cairn_loop_detected', help, ['server', 'zone']);
    let isLooping = false;
    const shown = whileServing(() =>
      metrics.show([gauge], () => {
        gauge.cell(block.server, zone).value = isLooping ? 1 : 0;
      }),
    );
    const looped = createReply('loop', {
      rcode: Rcode.SERVFAIL,
      error: new CairnError('LOOP', `the upstreams for zone "${zone}" send queries back to this server`),
      uncacheable: true,
    });
    let listening: readonly Peer[] = [];
    let probes = 0;
    const currentPoint = () => listening[probes % listening.length]!;

    const guard = createLoopGuard({
      zone,
      clock,
      random,
      send(name) {
        probes++;
        return sendProbe(name, reachable(currentPoint()), clock);
      },
      detected(query) {
        isLooping = true;
        // The text is CoreDNS's, as runbooks search for it.
        log.error(
          `Loop (${printPeer(query.client)} -> ${printPoint(currentPoint())}) detected for zone "${zone}", ` +
            `see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO ${query.name}"`,
        );
      },
      healed() {
        isLooping = false;
        log.info(`no loop for zone "${zone}" any more, queries are passed on again`);
      },
    });
    return {
      wrap: (next) => (query) => (guard.admit(query) ? next(query) : looped),
      observe: guard.answered,
      status: () => (isLooping ? loopStatus(zone) : { summary: 'No query has come back.' }),
      // Repeated replies were not forwarded, so they cannot be in a loop.
      observeRepetitions() {},
      serving(points) {
        listening = points;
        shown.serving(points);
        const isPlain = block.keys.some(({ transport }) => transport === 'dns');
        if (isPlain && points.length > 0) void guard.check();
      },
      stop() {
        guard.stop();
        return shown.stop();
      },
    };
  },
});

function loopStatus(zone: Name): OwnStatus {
  return {
    state: 'failing',
    summary:
      `Queries for the zone ${zone} get SERVFAIL, as its upstreams send them back to this server: name other upstreams in 'forward'. ` +
      'If they come from /etc/resolv.conf, that file names this server or one that asks it, such as the stub resolver of systemd.',
  };
}

/** Whether an upstream has answered; a SERVFAIL may mean that none could be reached. */
async function sendProbe(name: Name, to: Peer, clock: Clock): Promise<boolean> {
  const query = encodeMessage(queryMessage({ name, type: HINFO.code, class: Class.IN }));
  try {
    const reply = decodeMessage(await exchangeUdp(query, to, PROBE_TIMEOUT_MS, { clock }));
    return reply.rcode !== Rcode.SERVFAIL;
  } catch {
    return false; // no response, or not a message: neither tells whether there is a loop
  }
}

function reachable({ address, port }: Peer): Peer {
  return { address: WILDCARDS[address] ?? address, port };
}

function printPoint(point: Peer): string {
  return point.address in WILDCARDS ? `:${point.port}` : printPeer(point);
}
