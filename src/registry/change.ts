import type { EndpointSlice, Namespace, Pod, Service } from './records.ts';

/** A record that came (nothing before), went (nothing after) or was replaced. */
export type RecordChange =
  | Change<'namespace', Namespace>
  | Change<'service', Service>
  | Change<'slice', EndpointSlice>
  | Change<'pod', Pod>
  | Change<'import', Service>
  | Change<'imported-slice', EndpointSlice>;

interface Change<K, T> {
  readonly kind: K;
  readonly before: T | undefined;
  readonly after: T | undefined;
}
