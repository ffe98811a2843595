import type { Port, Service } from '../registry/records.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';

/** What a plugin that knows a cluster lets others see of its services. */
export interface ServiceView {
  readonly registry: ReadonlyRegistry;
  /** Whether the namespace exists and its names may be answered. */
  exposes(namespace: string): boolean;
  /** The service's ready endpoints, each under its label. */
  endpointsOf(service: Service): readonly ServiceEndpoint[];
}

export interface ServiceEndpoint {
  /** As it is in names; several endpoints may share one. */
  readonly label: string;
  /** Canonical text. */
  readonly address: string;
  readonly ports: readonly Port[];
}
