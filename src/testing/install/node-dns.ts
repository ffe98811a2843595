import dns from 'node:dns';
import { CairnError } from '../../base/errors.ts';
import { lookupError } from '../../resolver/error.ts';
import type { PodResolver } from '../pods.ts';
import { type Cares, caresBinding, settle } from './cares.ts';
import { type GoesOn, installChannels } from './channels.ts';
import type { Replacements } from './replacements.ts';

/**
 * Makes all of `node:dns` answer as a pod does. It replaces what Node's functions stand on: so arguments, results and callbacks stay Node's, and functions
 * that a program took out of the module before ask the pod, too.
 */
export function installDns(replacements: Replacements, pod: PodResolver, goesOn: GoesOn): void {
  // Node.js loads this when somebody wants it, and would keep what is replaced at that time.
  const { promises } = dns;
  const cares = caresBinding();
  installLookups(replacements, cares, pod, goesOn);
  installPromises(replacements, promises);
  installTaken(replacements, cares, promises);
  installChannels(replacements, cares, pod, goesOn);
}

function installLookups({ replace }: Replacements, cares: Cares, pod: PodResolver, goesOn: GoesOn): void {
  const orders = new Map<number, 'ipv4first' | 'ipv6first'>([
    [cares.DNS_ORDER_IPV4_FIRST, 'ipv4first'],
    [cares.DNS_ORDER_IPV6_FIRST, 'ipv6first'],
  ]);
  replace(cares, 'getaddrinfo', (before) => (request, name, family, hints, flag) => {
    const order = orders.get(flag) ?? 'verbatim';
    const finding = pod.lookup(name, { all: true, family, hints, order });
    return settle(request, {
      found: finding.then((all) => [all.map(({ address }) => address)]),
      goesOn: (error) => goesOn(error, name),
      goOn: () => before(request, name, family, hints, flag),
    });
  });
  replace(cares, 'getnameinfo', (before) => (request, address, port) => {
    const { oncomplete } = request;
    request.oncomplete = (error, _, service) => {
      request.oncomplete = oncomplete;
      if (error) request.oncomplete(error);
      else settle(request, { found: hostOf(pod, address).then((host) => [host, service]) });
    };
    // The name of a port is the machine's, that of an address the cluster's.
    return before(request, '127.0.0.1', port);
  });
}

async function hostOf(pod: PodResolver, address: string): Promise<string> {
  const [name] = await pod.reverse(address).catch((error: Error) => {
    throw Object.assign(lookupError('ENOTFOUND', address, error.message), { syscall: 'getnameinfo' });
  });
  return name!;
}

/** `node:dns/promises` holds on to what it stands on, so these go through the functions with callbacks. */
function installPromises({ replace }: Replacements, promises: typeof dns.promises): void {
  const { lookup, lookupService } = dns;
  const replacements = {
    lookup(name: string, options: dns.LookupAllOptions = { all: false } as unknown as dns.LookupAllOptions) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      lookup(name, options, (error, ...found) => (error ? reject(error) : resolve(asFound(...found))));
      return promise;
    },
    lookupService(...args: [address: string, port: number]) {
      const { promise, resolve, reject } = Promise.withResolvers<{ hostname: string; service: string }>();
      lookupService(...args, (error, hostname, service) => (error ? reject(error) : resolve({ hostname, service })));
      return promise;
    },
  };
  replace(promises, 'lookup', () => replacements.lookup as typeof promises.lookup);
  replace(promises, 'lookupService', () => replacements.lookupService);
}

/** A request of `node:dns/promises`, as far as Node.js has prepared it when it sets `reject`. */
interface PreparedRequest {
  readonly hostname: string;
  readonly family: number;
  readonly port: number;
  readonly oncomplete: { readonly name: string };
  readonly resolve?: (found: unknown) => void;
}

/**
 * A function that a program took out of `node:dns/promises` before can only be met where it prepares its request: setting the last property settles its
 * promise and throws, so it gets no further. Options for the order and hints do not show there.
 */
function installTaken({ add }: Replacements, cares: Cares, { lookup, lookupService }: typeof dns.promises): void {
  const meet = ({ prototype }: { readonly prototype: object }, find: (request: PreparedRequest) => Promise<unknown>) =>
    add(prototype, 'reject', {
      set(this: PreparedRequest, reject: unknown) {
        Object.defineProperty(this, 'reject', { value: reject });
        if (!this.resolve) return;
        this.resolve(find(this));
        throw new CairnError('INSTALL', 'this process is a pod');
      },
    });
  meet(cares.GetAddrInfoReqWrap, ({ hostname, family, oncomplete }) =>
    lookup(hostname, { family, all: oncomplete.name === 'onlookupall' }),
  );
  meet(cares.GetNameInfoReqWrap, ({ hostname, port }) => lookupService(hostname, port));
}

/** The lookup of an empty name finds the address `null`. */
function asFound(found: dns.LookupAddress[] | string | null, family?: number) {
  return Array.isArray(found) ? found : { address: found, family };
}
