import type { Clock, Timer } from '../../observe/clock.ts';
import type { Endpoint, EndpointSlice } from '../../registry/records.ts';
import type { Registry } from '../../registry/registry.ts';
import { unreadyAddresses } from '../objects/endpoint-slice.ts';
import type { RecordStore } from './resource.ts';

/** How long an endpoint stays that vanished from its slice: its service's other slice may have it already, though not yet told. */
export const HOLD_MS = 1000;
/** The most endpoints that are held; others go at once. */
const MAX_HELD = 100_000;

/** Where slices are: those of the cluster, or of the cluster set. */
type SliceTable = Pick<Registry, 'slice' | 'slices' | 'slicesOf' | 'setSlice' | 'deleteSlice'>;

/**
 * Puts slices into a registry so that an endpoint can move from one slice to another without being away in between.
 *
 * The control plane moves endpoints by changing one slice after the other, so an endpoint may vanish from the first some
 * time before it is in the second. It is held for a second in a slice of its own, unless one of the service's slices says
 * meanwhile that it is there or that it is not ready. While a list is under way, what vanished is held until the list is
 * complete. An endpoint that is told to be not ready goes at once.
 */
export function holdEndpoints(registry: SliceTable, clock: Clock): RecordStore<EndpointSlice> & { stop(): void } {
  /** By service. */
  const held = new Map<string, Set<Held>>();
  let heldCount = 0;
  let sliceCount = 0;
  let lists = 0;

  /** What became of the addresses that a slice does not have any more: those that nothing was said of are held. */
  function replaced(before: EndpointSlice | undefined, after: EndpointSlice | undefined, object: unknown): void {
    if (!before) return;
    const settled = settledAddresses(after, object);
    const vanished = before.endpoints.filter((endpoint) => {
      return !isSettled(endpoint, settled) && !isElsewhere(registry, before, endpoint);
    });
    if (vanished.length > 0 && heldCount + vanished.length <= MAX_HELD) hold(before, vanished);
  }

  function hold(slice: EndpointSlice, endpoints: readonly Endpoint[]): void {
    const entry: Held = { slice: { ...slice, name: heldName(slice.name, ++sliceCount), endpoints }, timer: undefined };
    const service = serviceKey(slice);
    const ofService = held.get(service);
    if (ofService) ofService.add(entry);
    else held.set(service, new Set([entry]));
    heldCount += endpoints.length;
    if (lists === 0) schedule(entry);
    registry.setSlice(entry.slice);
  }

  function schedule(entry: Held): void {
    entry.timer = clock.after(HOLD_MS, () => keep(entry, []));
  }

  /** Lets go of what is known again: it is in a slice, or not ready. */
  function letGo(slice: EndpointSlice, object: unknown): void {
    const ofService = held.get(serviceKey(slice));
    if (!ofService) return;
    const settled = settledAddresses(slice, object);
    for (const entry of ofService) {
      const left = entry.slice.endpoints.filter((endpoint) => !isSettled(endpoint, settled));
      if (left.length < entry.slice.endpoints.length) keep(entry, left);
    }
  }

  function keep(entry: Held, endpoints: readonly Endpoint[]): void {
    heldCount -= entry.slice.endpoints.length - endpoints.length;
    const { namespace, name } = entry.slice;
    if (endpoints.length > 0) {
      entry.slice = { ...entry.slice, endpoints };
      registry.setSlice(entry.slice);
      return;
    }
    entry.timer?.cancel();
    const service = serviceKey(entry.slice);
    const ofService = held.get(service);
    ofService?.delete(entry);
    if (ofService?.size === 0) held.delete(service);
    registry.deleteSlice(namespace, name);
  }

  function* entries(): Iterable<Held> {
    for (const ofService of held.values()) yield* ofService;
  }

  return {
    set(slice, object) {
      const before = registry.slice(slice.namespace, slice.name);
      // Held before it is replaced, and let go after: at no time is the address in none.
      replaced(before, before && serviceKey(before) === serviceKey(slice) ? slice : undefined, object);
      registry.setSlice(slice);
      letGo(slice, object);
    },
    delete(namespace, name) {
      replaced(registry.slice(namespace, name), undefined, undefined);
      registry.deleteSlice(namespace, name);
    },
    *records() {
      for (const slice of registry.slices()) if (!isHeldName(slice.name)) yield slice;
    },
    listing(isUnderWay) {
      lists += isUnderWay ? 1 : -1;
      for (const entry of entries()) {
        entry.timer?.cancel();
        entry.timer = undefined;
        if (lists === 0) schedule(entry);
      }
    },
    stop() {
      for (const { timer } of entries()) timer?.cancel();
    },
  };
}

interface Held {
  slice: EndpointSlice;
  /** When the endpoints go; undefined while a list is under way. */
  timer: Timer | undefined;
}

/** No object of the API can have a name with a colon. */
const heldName = (name: string, number: number): string => `held:${number}:${name}`;
const isHeldName = (name: string): boolean => name.startsWith('held:');

/** The addresses of which a slice says something: that they are ready, or that they are not. */
function settledAddresses(slice: EndpointSlice | undefined, object: unknown): ReadonlySet<string> {
  const ready = slice?.endpoints.map(({ address }) => address) ?? [];
  return new Set([...ready, ...(slice ? unreadyAddresses(object) : [])]);
}

const isSettled = ({ address }: Endpoint, settled: ReadonlySet<string>): boolean => settled.has(address);

/** What a service goes by; endpoints of an imported one with one address are different ones in different clusters. */
function serviceKey({ namespace, service, cluster = '' }: EndpointSlice): string {
  return `${namespace}/${service}/${cluster}`;
}

/** Whether another slice of the service has the endpoint. */
function isElsewhere(table: SliceTable, slice: EndpointSlice, { address }: Endpoint): boolean {
  const others = table
    .slicesOf(slice.namespace, slice.service)
    .filter((other) => other.name !== slice.name && !isHeldName(other.name) && other.cluster === slice.cluster);
  return others.some(({ endpoints }) => endpoints.some((endpoint) => endpoint.address === address));
}
