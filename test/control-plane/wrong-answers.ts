import { Class } from '../../src/dns/message.ts';
import { printRdata } from '../../src/dns/presentation.ts';
import { parseType, printType } from '../../src/dns/rr.ts';
import { askAll } from '../interop/compare/exchange.ts';
import { type Api, type ApiObject, pathOf } from './api.ts';
import { expectedOf } from './expected.ts';

/** What names are made of, as the API has it now. */
export async function readCluster(api: Api): Promise<ApiObject[]> {
  return (await Promise.all(['Namespace', 'Service', 'EndpointSlice'].map((kind) => api.list(pathOf(kind))))).flat();
}

const DNS_PORT = 53;
const NXDOMAIN = 3;

/**
 * Asks a server for all names that the API says there are, and for those that it has said there were: the answers that are wrong. It is
 * also wrong if the cluster changes meanwhile.
 *
 * @param known the names and types of all calls; those of this one are added.
 */
export async function wrongAnswers(api: Api, host: string, known: Set<string> = new Set()): Promise<string[]> {
  const before = await readCluster(api);
  const expected = expectedOf(before);
  for (const key of expected.keys()) known.add(key);
  const keys = [...known];
  const questions = keys.map((key) => {
    const [name = '', type = ''] = key.split(' ');
    return { name, type: parseType(type)!, class: Class.IN };
  });
  const replies = await askAll({ host, port: DNS_PORT }, questions);
  if (versionsOf(await readCluster(api)) !== versionsOf(before)) return ['the cluster changed meanwhile'];
  const names = new Set([...expected.keys()].map((key) => key.split(' ')[0]));
  return keys.flatMap((key, i) => {
    const { name, type } = questions[i]!;
    const { rcode, answer } = replies[i]!;
    const data = answer.filter((record) => record.type === type).map(printRdata);
    // Priority and weight are free.
    const said = (printType(type) === 'SRV' ? data.map((text) => text.replace(/^\d+ \d+ /, '')) : data).sort().join();
    const right = expected.get(key)?.join() ?? '';
    const isDenied = rcode === NXDOMAIN;
    if (said === right && rcode % NXDOMAIN === 0 && isDenied === !existsIn(names, name)) return [];
    return [`${key}: '${said}', rcode ${rcode}, in place of '${right}'`];
  });
}

/** A name exists, too, if there is one below. */
function existsIn(names: ReadonlySet<string | undefined>, name: string): boolean {
  return names.has(name) || [...names].some((other) => other!.endsWith(`.${name}`));
}

function versionsOf(objects: readonly ApiObject[]): string {
  return objects.map(({ kind, metadata: { name, resourceVersion } }) => `${kind} ${name} ${resourceVersion}`).join();
}
