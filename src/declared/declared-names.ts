/*
 * The names that objects of a cluster declare: from a host name to the object that answers for it, and to where that leads. Begin here;
 * claims.ts says which names an object has, name-index.ts keeps them, entry.ts finds the Service behind an entry point. It follows a
 * registry, and never makes a record, reads a Corefile or sends a reply: that is for plugins.
 */

import { Epoch } from '../base/epoch.ts';
import { joinName, longestZone, type Name, parentOf } from '../dns/name.ts';
import { NS } from '../dns/rr.ts';
import type { RecordChange } from '../registry/change.ts';
import type { Gateway } from '../registry/declared-records.ts';
import { type EndpointSlice, isSame, type Service } from '../registry/records.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';
import type { Serial } from '../registry/serial.ts';
import { AnswerMemo } from './answer-memo.ts';
import { type Claim, claimOf, covers } from './claims.ts';
import { Entries } from './entry.ts';
import { type Declaration, type Kind, type NameOptions, neededKinds, RECORD_KIND } from './kinds.ts';
import { NameIndex } from './name-index.ts';
import {
  type Answer,
  type AnswerEnv,
  addressesOfNode,
  answerOf,
  type EntryPoint,
  entryPointsOf,
  losersOf,
  type Side,
} from './targets.ts';

/** What stands at an existing name of the zones. */
export type Found =
  | Claimed
  /** The name is at or below `source`, which a DNSEndpoint delegates to other servers. */
  | { readonly kind: 'delegated'; readonly source: Name; readonly claims: readonly Claim[] }
  /** Names below it exist, but it has no records. */
  | { readonly kind: 'parent' };

/** Claims of a name, or of the wildcard that covers it; the one that comes first in front. */
interface Claimed {
  readonly kind: 'claimed';
  readonly source: Name;
  readonly claims: readonly Claim[];
}

interface RegistryState {
  readonly synced: boolean;
  readonly pending: boolean;
  readonly stale: boolean;
}

const PARENT: Found = { kind: 'parent' };

/** The names in some zones that the objects of a registry declare, as they are now. */
export class DeclaredNames {
  /** Moves with every change that alters an answer. */
  readonly serial: Serial;
  /** Moves with the serial, and when the registry becomes complete or stale, or is no longer. */
  readonly epoch = new Epoch();
  private readonly answers = new AnswerMemo(this.epoch);
  private readonly env: AnswerEnv;
  private readonly index: NameIndex;
  private readonly claims = new Map<object, Claim>();
  /** The claims of routes by the Gateways that they name. */
  private readonly routes = new Map<string, Set<Claim>>();
  private readonly ends: (() => void)[];
  private state: RegistryState;
  /** The addresses of all nodes; undefined until they are asked for, and after a change. */
  private addresses: readonly string[] | undefined;

  /** `registry` is the whole one: which kinds must be complete follows from the options. */
  constructor(registry: ReadonlyRegistry, options: NameOptions) {
    const needed = registry.needing(neededKinds(options));
    const entries = new Entries(needed, options);
    this.env = { registry: needed, options, entries, nodeAddresses: () => this.nodeAddresses() };
    const servers = options.zones.flatMap((zone) => options.servers.map((server) => joinName([server], zone)));
    this.index = new NameIndex(options, [...servers, ...namesAbove(options.zones)]);
    for (const kind of options.kinds) this.claimAll(kind);
    // The serial is moved here, where it is known which names a change alters.
    this.state = this.readState();
    const followed = registry.followSerial('declared', () => false);
    this.serial = followed.serial;
    this.ends = [followed.stop, registry.onRecord((change) => this.follow(change)), this.followState()];
  }

  get registry(): ReadonlyRegistry {
    return this.env.registry;
  }

  /** Whether the kinds of objects are complete: before that, a missing object may still come. */
  get synced(): boolean {
    return this.state.synced;
  }

  /** Whether objects may still come. If not, those that are missing may not be read. */
  get pending(): boolean {
    return this.state.pending;
  }

  /** Whether the objects may be old, since the source has been out of reach for long. */
  get stale(): boolean {
    return this.state.stale;
  }

  /** Stops following the registry. */
  stop(): void {
    for (const end of this.ends) end();
  }

  /** The number of names with a claim, and of names that lie in none of the zones. */
  counts(): { readonly served: number; readonly outside: number } {
    return { served: this.index.size, outside: this.index.outside };
  }

  /** How many names objects claim with different targets. */
  countConflicts(): number {
    let count = 0;
    for (const name of this.index.crowded) if (this.losers(this.index.at(name), name, 'outside').length > 0) count++;
    return count;
  }

  /** All names with claims, as they are now. */
  claimed(): Claimed[] {
    return this.index.names().map((source) => ({ kind: 'claimed', source, claims: [...this.index.at(source)] }));
  }

  /** What stands at a (folded) name of a zone; undefined if it does not exist. */
  find(name: Name, zone: Name): Found | undefined {
    const cut = this.cutAbove(name, zone);
    if (cut !== undefined) return { kind: 'delegated', source: cut, claims: this.index.at(cut) };
    const claims = this.at(name);
    if (claims.length > 0) return { kind: 'claimed', source: name, claims };
    if (name === zone || this.index.exists(name)) return PARENT;
    return this.findWildcard(name);
  }

  /** The claims of exactly this (folded) name, also if it is below a delegation. */
  at(name: Name): readonly Claim[] {
    return this.index.at(name);
  }

  /** What claims (at least one) of the name `source` have for clients of a side. */
  answer(claims: readonly Claim[], source: Name, side: Side): Answer {
    return this.answers.answer(claims, source, side, () => answerOf(claims, source, side, this.env));
  }

  /** The entry points that a claim of the name `source` leads to. */
  entryPoints(claim: Claim, source: Name): readonly EntryPoint[] {
    return entryPointsOf(claim, source, this.env);
  }

  /** The claims that lead elsewhere than the answer. */
  losers(claims: readonly Claim[], source: Name, side: Side): readonly Claim[] {
    return losersOf(claims, source, side, this.env);
  }

  /** RFC 4592 §3.3.1: only the wildcard directly below the closest existing name covers the name. */
  private findWildcard(name: Name): Found | undefined {
    const encloser = this.index.closestAbove(name);
    let labels = 1;
    for (let at = parentOf(name)!; at !== encloser; at = parentOf(at)!) labels++;
    const source = joinName(['*'], encloser);
    const claims = this.at(source).filter((claim) => covers(claim, labels));
    return claims.length === 0 ? undefined : { kind: 'claimed', source, claims };
  }

  /** The delegated name at or above the name that is nearest to the apex. */
  private cutAbove(name: Name, zone: Name): Name | undefined {
    const { cuts } = this.index;
    if (cuts.size === 0) return undefined;
    let highest: Name | undefined;
    for (let at = name; at !== zone; at = parentOf(at)!) if (cuts.has(at) && this.isDelegated(at)) highest = at;
    return highest;
  }

  /** Whether NS records are what answers for the name. */
  private isDelegated(name: Name): boolean {
    const { destination } = this.answer(this.at(name), name, 'outside');
    return destination.kind === 'records' && destination.records.some(({ type }) => type === NS.code);
  }

  private move(): void {
    this.epoch.move();
    this.serial.move();
  }

  private readState(): RegistryState {
    const { synced, pending, stale } = this.registry;
    return { synced, pending, stale };
  }

  private followState(): () => void {
    return this.registry.onChange(() => {
      const now = this.readState();
      if (isSame(now, this.state)) return;
      this.state = now;
      this.epoch.move();
    });
  }

  private follow(change: RecordChange): void {
    if (change.kind === 'service') this.followService(change.before, change.after);
    else if (change.kind === 'slice') this.followSlice(change.before, change.after);
    else if (change.kind === 'gateway') this.followGateway(change.before, change.after);
    else {
      const kind = this.env.options.kinds.find((each) => RECORD_KIND[each] === change.kind);
      if (kind === undefined) return;
      const isShown = this.replace(kind, change.before, change.after);
      // The addresses of a node are also those of Ingresses behind a NodePort Service.
      if (kind === 'Node') this.addresses = undefined;
      if (isShown || (kind === 'Node' && this.env.options.entries.length > 0)) this.move();
    }
  }

  private followService(before: Service | undefined, after: Service | undefined): void {
    const { entries, options } = this.env;
    entries.replace(before, after);
    const isClaimed = options.kinds.includes('Service') && this.replace('Service', before, after);
    const isShown = (service: Service | undefined) =>
      service !== undefined && (entries.has(service) || this.isServer(service));
    if (!isClaimed && !isShown(before) && !isShown(after)) return;
    const shown = (service: Service | undefined) => service && shownOf(service, options);
    if (!isSame(shown(before), shown(after))) this.move();
  }

  /** Whether the addresses of the service are those of a name server. */
  private isServer({ namespace, name }: Service): boolean {
    return this.env.options.servers.includes(`${name}.${namespace}`);
  }

  private followSlice(before: EndpointSlice | undefined, after: EndpointSlice | undefined): void {
    const shown = (slice: EndpointSlice | undefined) => {
      if (!slice || !this.showsEndpoints(slice)) return undefined;
      return { service: slice.service, addresses: slice.endpoints.map(({ address }) => address) };
    };
    if (!isSame(shown(before), shown(after))) this.move();
  }

  /** Endpoints are the addresses of some services only. */
  private showsEndpoints({ namespace, service }: EndpointSlice): boolean {
    const { entries, options } = this.env;
    const owner = this.registry.service(namespace, service);
    if (!owner || !(owner.declares?.resolveEndpoints || (options.inside && owner.headless))) return false;
    return this.claims.has(owner) || entries.has(owner);
  }

  /** Very many routes may have one Gateway, and few changes of it move their names. */
  private followGateway(before: Gateway | undefined, after: Gateway | undefined): void {
    const attached = [...(this.routes.get(keyOf((after ?? before)!)) ?? [])];
    const naming = (gateway: Gateway | undefined) => gateway && [gateway.className, gateway.listeners];
    const isShown = isSame(naming(before), naming(after))
      ? attached.some(({ names }) => names.length > 0)
      : attached.map((claim) => this.renew(claim)).includes(true);
    if (isShown) this.move();
  }

  private nodeAddresses(): readonly string[] {
    const { registry, options } = this.env;
    this.addresses ??= [...registry.declared.all('node')].flatMap((node) => addressesOfNode(node, options));
    return this.addresses;
  }

  private claimAll(kind: Kind): void {
    const objects = kind === 'Service' ? this.registry.services() : this.registry.declared.all(RECORD_KIND[kind]);
    for (const object of objects) this.claim({ kind, object } as Declaration);
  }

  /** Replaces the claim of an object. Returns whether the object had or has names. */
  private replace(kind: Kind, before: object | undefined, after: object | undefined): boolean {
    const old = before && this.withdraw(before);
    const claim = after && this.claim({ kind, object: after } as Declaration);
    return [old, claim].some((each) => each !== undefined && each.names.length > 0);
  }

  /** Makes the claim of a route anew after a change of its Gateways. Returns whether the route had or has names. */
  private renew(old: Claim): boolean {
    const claim = claimOf(old, this.env)!;
    if (!isSame(claim.names, old.names) || claim.outside !== old.outside) {
      this.withdraw(old.object);
      this.add(claim);
    }
    return old.names.length > 0 || claim.names.length > 0;
  }

  private claim(declaration: Declaration): Claim | undefined {
    const claim = claimOf(declaration, this.env);
    if (claim) this.add(claim);
    return claim;
  }

  private add(claim: Claim): void {
    this.claims.set(claim.object, claim);
    this.index.add(claim);
    for (const key of gatewayKeys(claim)) this.routes.set(key, (this.routes.get(key) ?? new Set()).add(claim));
  }

  private withdraw(object: object): Claim | undefined {
    const claim = this.claims.get(object);
    if (!claim) return undefined;
    this.claims.delete(object);
    this.index.remove(claim);
    for (const key of gatewayKeys(claim)) {
      const attached = this.routes.get(key);
      attached?.delete(claim);
      if (attached?.size === 0) this.routes.delete(key);
    }
    return claim;
  }
}

/** The names directly above zones that lie in another zone: there they exist, as the lower zone does. */
function namesAbove(zones: readonly Name[]): readonly Name[] {
  return zones
    .flatMap((zone) => parentOf(zone) ?? [])
    .filter((name) => longestZone(name, zones) !== undefined && !zones.includes(name));
}

/** The Gateways that a route names. */
function gatewayKeys({ object }: Claim): string[] {
  return 'parents' in object ? object.parents.map(keyOf) : [];
}

function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

/** The parts of a service that answers depend on. */
function shownOf(service: Service, { inside }: NameOptions): unknown {
  const { type, headless, externalIPs, declares, clusterIPs, ports } = service;
  return { type, headless, externalIPs, declares, ...(inside && { clusterIPs, ports }) };
}
