import { CairnError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { type Served, type ServedBy, serve } from './served.ts';

/** `NAMESPACE/NAME` of a Service or a Pod, or a name of the `externals`, each also with `:PORT`: what answers for it. */
export type Serve = Readonly<Record<string, ServedBy>>;

/** What answers for the objects of the cluster. */
export interface Targets {
  /** What answers for an object at one of its ports. */
  of(name: string, port: number): Served | undefined;
  stop(): void;
}

const KEY = /^(?<name>[^:]+)(?::(?<port>\d+))?$/;

/** What may be served. */
export interface Servable {
  readonly names: readonly string[];
  /** What ExternalName services stand for. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** @throws CairnError for a key that names something else, and for a value that cannot answer */
export function readServe(given: Serve, servable: Servable): Targets {
  for (const [key, by] of Object.entries(given)) check(key, by, servable);
  const targets = new Map(Object.entries(given).map(([key, by]) => [key, serve(by)]));
  return {
    of: (name, port) => targets.get(`${name}:${port}`) ?? targets.get(name),
    stop() {
      for (const target of targets.values()) target.stop();
    },
  };
}

function check(key: string, by: unknown, { names, aliases }: Servable): void {
  const { name, port } = KEY.exec(key)?.groups ?? {};
  const alias = aliases.get(name ?? '');
  if (alias !== undefined)
    throw wrong(`serve: "${name}" is an ExternalName service: serve "${alias}" of the externals`);
  if (name === undefined || !names.includes(name)) {
    const instead = didYouMean(name ?? key, names) || ': write NAMESPACE/NAME, such as "shop/web" or "shop/web:80"';
    throw wrong(`serve: the cluster has no Service or Pod "${name ?? key}"${instead}`);
  }
  if (port !== undefined && !isPort(Number(port))) throw wrong(`serve: "${key}" has a port that is not 1 to 65535`);
  if (typeof by === 'number' ? !isPort(by) : !isServer(by))
    throw wrong(`serve: "${key}" should be a server of node:http or node:net, or a port of 127.0.0.1`);
}

const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535;

function isServer(by: unknown): boolean {
  return typeof by === 'object' && by !== null && 'listening' in by && 'address' in by && 'emit' in by;
}

const wrong = (text: string) => new CairnError('INSTALL', text);
