import dns from 'node:dns';
import { promisify } from 'node:util';
import type { RecordResolver } from '../../resolver/index.ts';
import type { PodResolver } from '../pods.ts';
import { createLookupService } from './lookup-service.ts';
import type { Replacements } from './replacements.ts';

const CHANNEL_METHODS = ['cancel', 'getServers', 'setServers', 'setLocalAddress'] as const;
const MODULE_CHANNEL_METHODS = ['getServers', 'setServers'] as const;

type AnyFunction = (...args: unknown[]) => unknown;
type Methods = Record<string, AnyFunction>;

/** Whether a failed lookup goes on to the real resolver. */
export type GoesOn = (error: NodeJS.ErrnoException, name: string) => boolean;

/** Makes all of `node:dns` answer as a pod does, also what was imported by name. */
export function installDns({ replace }: Replacements, pod: PodResolver, goesOn: GoesOn): void {
  const method = (object: object, name: string, make: (before: AnyFunction) => AnyFunction) =>
    replace(object as Methods, name, (before) => Object.defineProperty(make(before), 'name', { value: name }));
  const { promises } = dns;
  const lookup: AnyFunction = pod.lookup as AnyFunction;
  const lookupService = createLookupService(pod, dns.promises.lookupService);

  method(promises, 'lookup', (before) => promised(() => lookup, before, goesOn));
  method(promises, 'lookupService', () => lookupService as AnyFunction);
  method(dns, 'lookup', (before) =>
    Object.assign(
      calledBack(() => lookup, before, goesOn, spreadAddress),
      { [promisify.custom]: promises.lookup },
    ),
  );
  method(dns, 'lookupService', (before) =>
    Object.assign(
      calledBack(
        () => lookupService as AnyFunction,
        before,
        () => false,
        spreadService,
      ),
      {
        [promisify.custom]: promises.lookupService,
      },
    ),
  );

  const podOf = () => pod;
  const resolverOf = createResolvers(pod);
  for (const [form, object] of [
    [calledBack, dns],
    [promised, promises],
  ] as const) {
    const Resolver = object.Resolver as unknown as { readonly prototype: object };
    for (const name of recordMethodsOf(Resolver.prototype, pod)) {
      const of = (find: (self: object) => RecordResolver) => (before: AnyFunction) =>
        form((self) => find(self as object)[name] as AnyFunction, before, goesOn);
      method(object, name, of(podOf));
      method(Resolver.prototype, name, of(resolverOf));
    }
    for (const name of CHANNEL_METHODS)
      method(
        Resolver.prototype,
        name,
        () =>
          function (this: object, ...args) {
            return Reflect.apply(resolverOf(this)[name], undefined, args);
          },
      );
    for (const name of MODULE_CHANNEL_METHODS) method(object, name, () => pod[name] as AnyFunction);
    replace(object as { Resolver: typeof dns.Resolver }, 'Resolver', resolverOf.classFrom);
  }
}

/** `resolve4`, `resolve6` and so on, as far as this version of Node.js has them. */
function recordMethodsOf(prototype: object, pod: PodResolver): (keyof RecordResolver)[] {
  return Object.getOwnPropertyNames(prototype).filter(
    (name): name is keyof RecordResolver => /^re/.test(name) && name in pod,
  );
}

/** The pod's resolver for each `Resolver` of Node.js, whenever that was made. */
function createResolvers(pod: PodResolver) {
  const made = new WeakMap<object, RecordResolver>();
  const resolverOf = (self: object): RecordResolver => {
    const resolver = made.get(self) ?? new pod.Resolver();
    made.set(self, resolver);
    return resolver;
  };
  return Object.assign(resolverOf, {
    /** The class as it is, with an eye on the options. */
    classFrom: <C extends new (options?: dns.ResolverOptions) => object>(Resolver: C): C =>
      new Proxy(Resolver, {
        construct(target, args: [dns.ResolverOptions?], newTarget) {
          const self = Reflect.construct(target, args, newTarget) as object;
          made.set(self, new pod.Resolver(args[0]));
          return self;
        },
      }),
  });
}

type Find = (self: unknown) => AnyFunction;

function promised(find: Find, before: AnyFunction, goesOn: GoesOn): AnyFunction {
  return function (this: unknown, ...args) {
    const finding = find(this)(...args) as Promise<unknown>;
    return finding.catch((error) => {
      if (goesOn(error, String(args[0]))) return Reflect.apply(before, this, args);
      throw error;
    });
  };
}

function calledBack(
  find: Find,
  before: AnyFunction,
  goesOn: GoesOn,
  spread: (found: never) => unknown[] = (found) => [found],
): AnyFunction {
  return function (this: unknown, ...args) {
    const callback = args.at(-1);
    // Node's own function says what is wrong.
    if (typeof callback !== 'function') return Reflect.apply(before, this, args);
    const finding = find(this)(...args.slice(0, -1)) as Promise<unknown>;
    // What a callback throws is the program's, not this promise's.
    finding.then(
      (found) => process.nextTick(() => callback(null, ...spread(found as never))),
      (error) => {
        if (goesOn(error, String(args[0]))) Reflect.apply(before, this, args);
        else process.nextTick(() => callback(error));
      },
    );
    return {};
  };
}

function spreadAddress(found: dns.LookupAddress | dns.LookupAddress[]): unknown[] {
  return Array.isArray(found) ? [found] : [found.address, found.family];
}

function spreadService({ hostname, service }: { hostname: string; service: string }): unknown[] {
  return [hostname, service];
}
