import type { EndpointSlice } from './records.ts';
import { type ByNamespace, namesIn } from './table.ts';

const NONE: readonly EndpointSlice[] = [];

/** The slices of each service: one for every hundred endpoints, address family and mirrored Endpoints object. */
export class SlicesByService {
  private readonly byNamespace: ByNamespace<readonly EndpointSlice[]> = new Map();

  of(namespace: string, service: string): readonly EndpointSlice[] {
    return this.byNamespace.get(namespace)?.get(service) ?? NONE;
  }

  add(slice: EndpointSlice): void {
    const { namespace, service } = slice;
    namesIn(this.byNamespace, namespace).set(service, [...this.of(namespace, service), slice]);
  }

  remove(slice: EndpointSlice): void {
    const { namespace, service } = slice;
    const byService = namesIn(this.byNamespace, namespace);
    const left = this.of(namespace, service).filter((other) => other !== slice);
    if (left.length > 0) byService.set(service, left);
    else byService.delete(service);
    if (byService.size === 0) this.byNamespace.delete(namespace);
  }
}
