import { lastUse, noArgs, noBlock } from '../../corefile/arguments.ts';
import { joinName, MAX_NAME_OCTETS, ROOT, wireLength } from '../../dns/name.ts';
import { A, AAAA, type ResourceRecord, rr, SRV } from '../../dns/rr.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { createReply } from '../../plugin/reply.ts';

/** Answers every query with the address and port that it came from. */
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
  // If the name is too long for another label, the port is left out.
  if (wireLength(name) + label.length + 1 <= MAX_NAME_OCTETS) {
    records.push(rr(SRV, joinName([label], name), 0, { priority: 0, weight: 0, port, target: '.' }));
  }
  return records;
}
