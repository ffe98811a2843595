import { printPeer } from '../../net/transport.ts';
import type { Setting } from '../../plugin/plugin.ts';
import type { Stanza } from './options.ts';
import type { Target } from './target.ts';

/** Where names go. */
export function forwardWords(stanzas: readonly Stanza[]): readonly Setting[] {
  return stanzas.flatMap(({ from, to }) =>
    from.map((zone) => ({
      what: zone === '.' ? 'all names go to' : `names of ${zone.slice(0, -1)} go to`,
      value: to.map(printTarget).join(', '),
      isRoute: true,
    })),
  );
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
