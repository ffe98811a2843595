import { Class, Rcode } from '../../dns/message.ts';
import { isAtOrBelow, type Name } from '../../dns/name.ts';
import { countQuery } from '../../plugin/explained.ts';
import { fileWatch, statusOfWatches } from '../../plugin/file-status.ts';
import { SEARCH_LIST } from '../../plugin/keys.ts';
import { definePlugin, type Handler } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { alsoDependingOn, notRepeatable, UNCHANGING } from '../../plugin/repeat.ts';
import type { Reply } from '../../plugin/reply.ts';
import { type AutopathOptions, parseAutopath } from './options.ts';
import { findLater, laterNames } from './search.ts';
import { openSearchFile } from './search-file.ts';

/** The search list of the server, which pods get after that of the cluster. */
const HOST_FILE = '/etc/resolv.conf';

/** Goes through the client's search list for it, so that the client need not ask for one name after the other. */
export default definePlugin<AutopathOptions>({
  name: 'autopath',
  dependsOn: 'marked',
  renames: true,

  parse: parseAutopath,

  create({ zones, source }, env) {
    const path = env.path(source.kind === 'file' ? source.path : HOST_FILE);
    const file = env.keep(path, () => openSearchFile(path, env));
    const successes = env.metrics.counter(
      'coredns_autopath_success_total',
      'Queries answered for another name of the search list than the one in the question.',
      ['server'],
    );
    /** The search lists that the named plugin offers. */
    let offered: ((query: Query) => readonly Name[] | undefined) | undefined;
    const searchListOf = (query: Query): readonly Name[] => {
      if (source.kind === 'file') return file.domains;
      const own = offered?.(query);
      return own ? [...own, ...file.domains] : [];
    };
    /** A negative reply holds for all clients only if they all have the same search list. */
    const settle = (reply: Reply): Reply =>
      source.kind === 'file' ? alsoDependingOn(reply, { ...UNCHANGING, epochs: [file.epoch] }) : notRepeatable(reply);

    const search = async (query: Query, first: Reply, names: readonly Name[], next: Handler): Promise<Reply> => {
      const found = await findLater(query, names, next);
      if (!found) return settle(first);
      if (!found.error && !found.drop) countQuery(query, successes.cell(query.server));
      return found;
    };

    return {
      status() {
        if (source.kind === 'plugin' && !offered) return { state: 'degraded', summary: `${noOffer(source.name)}.` };
        return statusOfWatches([fileWatch(path, file.domains.length, file.watched, env.clock)], {
          wellSaid: 'Search lists are completed.',
          effect: 'The search list that was read last stays in use',
          remedy: 'Mend the file.',
        });
      },
      async load() {
        await file.check();
        if (source.kind === 'plugin' && !offered) env.log.warning(noOffer(source.name));
      },
      wrap: (next) => {
        if (source.kind === 'plugin') [offered] = env.ask(SEARCH_LIST, source.name);
        /** If the name in the question exists, the reply is the same for all clients, and is returned at once. */
        const complete = (query: Query, first: Reply): Reply | Promise<Reply> => {
          if (first.rcode !== Rcode.NXDOMAIN || first.error || first.drop) return first;
          const names = laterNames(query, searchListOf(query));
          return names.length > 0 ? search(query, first, names, next) : settle(first);
        };
        const isOurs = ({ name, class: queryClass, depth }: Query) =>
          queryClass === Class.IN && depth === 0 && zones.some((zone) => isAtOrBelow(name, zone));
        return (query) => {
          const first = next(query);
          if (!isOurs(query)) return first;
          return first instanceof Promise ? first.then((reply) => complete(query, reply)) : complete(query, first);
        };
      },
    };
  },
});

function noOffer(name: string): string {
  const needed =
    name === 'kubernetes'
      ? "it must be in the same server block, with 'pods verified'"
      : 'no such plugin is in the server block, or it has none';
  return `@${name} offers no search lists, so no name is completed: ${needed}`;
}
