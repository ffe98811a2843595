import { lastUse, noArgs, noBlock } from '../../corefile/arguments.ts';
import { joinName, MAX_NAME_OCTETS, ROOT, wireLength } from '../../dns/name.ts';
import { A, AAAA, type ResourceRecord, rr, SRV } from '../../dns/rr.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { createReply } from '../../plugin/reply.ts';

/** Tells clients where their query came from, whatever they asked. */
export default definePlugin({
  name: 'whoami',
  dependsOn: 'marked',

  parse(uses) {
    const directive = lastUse(uses);
    noArgs(directive);
    noBlock(directive);
  },

  ends: () => ({ zones: [ROOT] }),

  create: () => ({
    wrap: () => (query) => createReply('whoami', { aa: true, additional: describeClient(query), uncacheable: true }),
  }),
});

function describeClient({ question: { name }, client, protocol }: Query): readonly ResourceRecord[] {
  const { port } = client;
  // A record has no place for the zone of a link-local address (RFC 4007 §11).
  const address = client.address.replace(/%.*$/, '');
  const records: ResourceRecord[] = [rr(address.includes(':') ? AAAA : A, name, 0, { address })];
  const label = `_${protocol}`;
  // One label more may be too long for a name; then the port goes untold.
  if (wireLength(name) + label.length + 1 <= MAX_NAME_OCTETS) {
    records.push(rr(SRV, joinName([label], name), 0, { priority: 0, weight: 0, port, target: '.' }));
  }
  return records;
}
