import type { ServiceView } from '../../plugin/service-view.ts';
import type { RecordChange } from '../../registry/change.ts';
import type { EndpointSlice, Service } from '../../registry/records.ts';

/** Whether the zones may differ from what they were before the change: if not, their serial stays. */
export function isVisible(change: RecordChange, headless: boolean, { registry }: ServiceView): boolean {
  const isReached = (service: Service | undefined) =>
    service !== undefined && (service.externalIPs.length > 0 || (headless && service.headless));
  const isOfHeadless = (slice: EndpointSlice | undefined) =>
    slice !== undefined && (registry.service(slice.namespace, slice.service)?.headless ?? false);
  const { kind, before, after } = change;
  switch (kind) {
    case 'namespace':
      return true;
    case 'service':
      return isReached(before) || isReached(after);
    case 'slice':
      return headless && (isOfHeadless(before) || isOfHeadless(after));
    default:
      return false;
  }
}
