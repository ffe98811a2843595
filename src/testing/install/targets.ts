import { CairnError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { isOwn } from './own.ts';
import { type NamedPort, type Protocol, printPorts } from './ports.ts';
import { plainName } from './route.ts';
import { addressOf, isDatagramSocket, isServer, type Served, type ServedBy, serve } from './served.ts';

/**
 * `NAMESPACE/NAME` of a Service or a Pod, or a name of the `externals`, each also with `:PORT` (of a Service or Pod also the port's name): what answers
 * for it.
 */
export type Serve = Readonly<Record<string, ServedBy>>;

/** What answers for the objects of the cluster. */
export interface Targets {
  /** What answers for an object at one of its ports. */
  of(name: string, port: number, protocol: Protocol): Served | undefined;
  stop(): void;
}

/** What may be served. */
export interface Servable {
  /** The ports of Services and Pods. An object without ports may be served at all. */
  readonly objects: ReadonlyMap<string, readonly NamedPort[]>;
  /** The addresses of the names outside of the cluster, as {@link plainName} makes them. */
  readonly externals: ReadonlyMap<string, readonly string[]>;
  /** What ExternalName services stand for: a name, or another service as `serve` names it. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** A key with what answers, and the ports of what protocols it stands for. */
interface Entry {
  readonly key: string;
  readonly name: string;
  readonly by: ServedBy;
  readonly slots: readonly Slot[];
}

/** Without a port, for all ports. */
interface Slot {
  readonly protocol: Protocol;
  readonly port?: number;
}

/** @throws CairnError for a key that names nothing that is there, a value that cannot answer, and keys that hide each other */
export function readServe(given: Serve, servable: Servable): Targets {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw wrong("serve should be an object, such as { 'shop/web': server }");
  const entries = Object.entries(given).map(([key, by]) => readEntry(key, by, servable));
  checkRepeated(entries);
  checkAddresses(entries, servable);
  const served = new Map([...new Set(entries.map(({ by }) => by))].map((by) => [by, serve(by)]));
  const targets = new Map(
    entries.flatMap(({ name, slots, by }) => slots.map((slot) => [idOf(name, slot), served.get(by)!])),
  );
  return {
    of: (name, port, protocol) => targets.get(idOf(name, { protocol, port })) ?? targets.get(idOf(name, { protocol })),
    stop() {
      for (const one of served.values()) one.stop();
    },
  };
}

function idOf(name: string, { protocol, port }: Slot): string {
  return `${protocol} ${name}:${port ?? ''}`;
}

function readEntry(key: string, by: ServedBy, servable: Servable): Entry {
  if (key.includes('://')) throw wrong(`serve: "${key}" is a URL: ${FORM}`);
  const [, text, port] = /^([^:]*)(?::(.*))?$/s.exec(key)!;
  const name = servable.externals.has(plainName(text!)) ? plainName(text!) : text!;
  const ports = portsOf(name, servable);
  const protocols = protocolsOf(key, by);
  const meant = port === undefined ? ports : readPort(key, name, port, ports);
  const served = meant.filter((one) => protocols.includes(one.protocol as Protocol));
  if (meant.length > 0 && served.length === 0)
    throw wrong(`serve: "${key}" should be ${wanted(meant)}: ${printPorts(meant)}`);
  const number = port === undefined ? undefined : (meant[0]?.port ?? Number(port));
  const usable = protocols.filter((protocol) => meant.length === 0 || served.some((one) => one.protocol === protocol));
  const slots = usable.map((protocol) => (number === undefined ? { protocol } : { protocol, port: number }));
  return { key, name, by, slots };
}

/** @throws CairnError */
function portsOf(name: string, { objects, externals, aliases }: Servable): readonly NamedPort[] {
  const alias = aliases.get(name);
  if (alias !== undefined) {
    const isKnown = objects.has(alias) || externals.has(alias);
    const remedy = isKnown ? `serve "${alias}"` : `add "${alias}" to the externals, and serve that`;
    throw wrong(`serve: "${name}" is an ExternalName service: ${remedy}`);
  }
  const ports = externals.has(name) ? [] : objects.get(name);
  if (ports) return ports;
  const names = [...objects.keys(), ...externals.keys()];
  const whole = names.find((one) => one.endsWith(`/${name}`)) ?? name;
  const [, service, namespace] = /^([^./]+)\.([^./]+)(?:\.svc(?:\..*)?)?$/.exec(name) ?? [];
  const [meant = whole] = names.filter((one) => one === `${namespace}/${service}`);
  const instead = didYouMean(meant, names) || `: ${FORM}`;
  throw wrong(`serve: the cluster has no Service or Pod "${name}"${instead}`);
}

/** The ports that a key means, by number or name; nothing where all numbers are allowed. @throws CairnError */
function readPort(key: string, name: string, text: string, ports: readonly NamedPort[]): NamedPort[] {
  const isNumber = /^\d+$/.test(text);
  if (isNumber && !isPort(Number(text))) throw wrong(`serve: "${key}" has a port that is not 1 to 65535`);
  const found = ports.filter((one) => (isNumber ? one.port === Number(text) : one.name === text.toLowerCase()));
  if (found.length > 0 || (isNumber && ports.length === 0)) return found;
  const instead = ports.length === 0 ? 'write its number' : printPorts(ports);
  const names = ports.map((one) => one.name).filter(Boolean);
  throw wrong(`serve: "${key}": ${name} has no port ${text}; ${instead}${didYouMean(text, names)}`);
}

/** @throws CairnError for a value that cannot answer */
function protocolsOf(key: string, by: unknown): readonly Protocol[] {
  if (typeof by === 'number' && isPort(by)) return ['tcp', 'udp'];
  if (isServer(by)) return ['tcp'];
  const isSocket = isDatagramSocket(by);
  if (isSocket && addressOf(by)) return ['udp'];
  if (isSocket)
    throw wrong(`serve: "${key}" is a socket that is not bound: bind it before, such as to port 0 of 127.0.0.1`);
  const but = typeof by === 'function' ? ', not a function: give `createServer(app)` of node:http' : '';
  throw wrong(`serve: "${key}" should be ${ANY}, or a port of 127.0.0.1${but || `, not ${JSON.stringify(by)}`}`);
}

const FORM = 'write NAMESPACE/NAME, such as "shop/web" or "shop/web:80"';
const TCP = 'a server of node:http or node:net';
const UDP = 'a socket of node:dgram';
const ANY = `${TCP}, ${UDP}`;

function wanted(ports: readonly NamedPort[]): string {
  return `${ports.some(({ protocol }) => protocol === 'udp') ? UDP : TCP} or a port of 127.0.0.1`;
}

/** @throws CairnError for two keys that mean the same port, such as by number and by name */
function checkRepeated(entries: readonly Entry[]): void {
  const keys = new Map<string, string>();
  for (const { key, name, slots } of entries) {
    for (const id of slots.map((slot) => idOf(name, slot))) {
      const other = keys.get(id);
      if (other !== undefined) throw wrong(`serve: "${other}" and "${key}" are the same: leave one out`);
      keys.set(id, key);
    }
  }
}

/** A connection shows the address, not the name. @throws CairnError for names that their addresses do not tell apart */
function checkAddresses(entries: readonly Entry[], { externals }: Servable): void {
  const outside = entries.flatMap((entry) =>
    (externals.get(entry.name) ?? []).map((address) => ({ ...entry, address })),
  );
  for (const one of outside) {
    const { key, name, address } = one;
    const remedy = 'give it an address of its own in `externals`';
    if (isOwn(address))
      throw wrong(`serve: "${key}" has the address ${address}, which stays on this machine: ${remedy}`);
    const other = outside.find((before) => before.address === address && before.name !== name && isEither(before, one));
    if (other) throw wrong(`serve: "${key}" has the address ${address}, as "${other.key}" has: ${remedy}`);
  }
}

/** Whether two entries may stand for the same connection, and would not do the same. */
function isEither(a: Entry, b: Entry): boolean {
  const meets = (x: Slot, y: Slot) =>
    x.protocol === y.protocol && (x.port === undefined || y.port === undefined || x.port === y.port);
  return a.by !== b.by && a.slots.some((x) => b.slots.some((y) => meets(x, y)));
}

const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535;

const wrong = (text: string) => new CairnError('INSTALL', text);
