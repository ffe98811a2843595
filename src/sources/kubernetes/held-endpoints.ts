import type { Clock, Timer } from '../../observe/clock.ts';
import type { Endpoint, EndpointSlice } from '../../registry/records.ts';
import type { Registry } from '../../registry/registry.ts';
import { unreadyAddresses } from '../objects/endpoint-slice.ts';
import type { RecordStore } from './resource.ts';

/** How long an endpoint stays that was removed from its slice: the event that adds it to another slice may still be on the way. */
export const HOLD_MS = 1000;
/** The maximum number of endpoints that are held; others are removed at once. */
const MAX_HELD = 100_000;

/** The slices of the cluster or of the cluster set. */
type SliceTable = Pick<Registry, 'slice' | 'slices' | 'slicesOf' | 'setSlice' | 'deleteSlice'>;

/**
 * Puts slices into a registry, so that an endpoint that moves from one slice to another is never missing in between.
 *
 * The control plane moves endpoints by changing one slice after the other, so an endpoint may leave the first slice some time before it is in the
 * second. It is held for a second in an extra slice, unless a slice of the service has it meanwhile, ready or not. During a list, such endpoints are
 * held until the list is complete. An endpoint that is not ready is removed at once.
 */
export function holdEndpoints(registry: SliceTable, clock: Clock): RecordStore<EndpointSlice> & { stop(): void } {
  /** By service. */
  const held = new Map<string, Set<Held>>();
  let heldCount = 0;
  let sliceCount = 0;
  let lists = 0;

  /** Holds the addresses that a slice no longer has, unless the slice says that they are not ready. */
  function replaced(before: EndpointSlice | undefined, after: EndpointSlice | undefined, object: unknown): void {
    if (!before) return;
    const settled = settledAddresses(after, object);
    const vanished = before.endpoints.filter((endpoint) => {
      return !isSettled(endpoint, settled) && !isElsewhere(registry, before, endpoint);
    });
    if (vanished.length > 0 && heldCount + vanished.length <= MAX_HELD) hold(before, vanished);
  }

  function hold(slice: EndpointSlice, endpoints: readonly Endpoint[]): void {
    const { terminating: _, ...rest } = slice;
    const entry: Held = { slice: { ...rest, name: heldName(slice.name, ++sliceCount), endpoints }, timer: undefined };
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

  /** Releases held endpoints that are in a slice again, ready or not. */
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
      // The address is held before the slice is replaced, and released after, so it is always in some slice.
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
  /** Removes the endpoints later; undefined while a list is under way. */
  timer: Timer | undefined;
}

/** No object of the API can have a name with a colon. */
const heldName = (name: string, number: number): string => `held:${number}:${name}`;
const isHeldName = (name: string): boolean => name.startsWith('held:');

/** The addresses in a slice, ready or not. */
function settledAddresses(slice: EndpointSlice | undefined, object: unknown): ReadonlySet<string> {
  const ready = slice?.endpoints.map(({ address }) => address) ?? [];
  return new Set([...ready, ...(slice ? unreadyAddresses(object) : [])]);
}

const isSettled = ({ address }: Endpoint, settled: ReadonlySet<string>): boolean => settled.has(address);

/** The key of a service. For an imported service it includes the cluster, as clusters may use the same addresses. */
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
