import { printPeer } from '../../net/transport.ts';
import type { Setting } from '../../plugin/plugin.ts';
import type { Hedge } from './hedge.ts';
import type { Stanza } from './options.ts';
import type { Target } from './target.ts';

/** Where names go, and whether several upstreams are asked at the same time. */
export function forwardWords(stanzas: readonly Stanza[]): readonly Setting[] {
  return stanzas.flatMap(({ from, to, hedge }) =>
    from.flatMap((zone) => {
      const names = zone === '.' ? 'all names' : `names of ${zone.slice(0, -1)}`;
      return [
        { what: `${names} go to`, value: to.map(printTarget).join(', '), isRoute: true },
        ...(hedge ? [{ what: `second upstream for ${names}`, value: printHedge(hedge) }] : []),
      ];
    }),
  );
}

function printHedge(hedge: Hedge): string {
  if (hedge.kind === 'race') return `at once, ${hedge.upstreams} together`;
  const wait = hedge.afterMs === undefined ? 'longer than usual' : `for ${hedge.afterMs} ms`;
  return `if the first is silent ${wait}, for at most ${Math.round(100 * hedge.share)} % of the queries`;
}

function printTarget(target: Target): string {
  switch (target.kind) {
    case 'address': {
      const { encryption, ...peer } = target.endpoint;
      const name = encryption?.servername === undefined ? '' : `%${encryption.servername}`;
      if (encryption) return `${encryption.over}://${printPeer(peer)}${name}`;
      return peer.port === 53 ? peer.address : printPeer(peer);
    }
    case 'file':
      return `the servers in ${target.path}`;
    case 'host':
      return [target.host, target.port].filter((part) => part !== undefined).join(':');
  }
}
