export const POD_MODES = ['disabled', 'verified', 'insecure'] as const;
export const PTR_MODES = ['all', 'hostname-first', 'headless-only'] as const;

/** The options that decide which names exist, and what they have. */
export interface ViewOptions {
  /** The namespaces to answer for; empty for all. */
  readonly namespaces: readonly string[];
  readonly pods: (typeof POD_MODES)[number];
  readonly endpointPodNames: boolean;
  readonly noEndpoints: boolean;
  readonly ignoreEmptyService: boolean;
  readonly zonal: boolean;
  readonly ptr: (typeof PTR_MODES)[number];
  readonly externalNameIP: boolean;
  /** Whether a service without a ready endpoint has those that are about to end and still serve. */
  readonly terminating: boolean;
}
