import type { Pod } from '../../registry/records.ts';
import { Field, type PassOver, readSome, refuseAll } from './field.ts';
import { readLabels, readLongNames } from './metadata.ts';

/** Phases in which a pod no longer has its address, or in which that is unknown. */
const GONE_PHASES: readonly unknown[] = ['Succeeded', 'Failed', 'Unknown'];

/**
 * Converts a v1 Pod to its record.
 *
 * Undefined for a pod without an address: not scheduled yet, finished, or about to be deleted.
 *
 * @param passOver is called for invalid addresses: the pod is served with the others.
 * @throws ObjectError
 */
export function convertPod(object: unknown, passOver: PassOver = refuseAll): Pod | undefined {
  const pod = new Field('Pod', object);
  const names = readLongNames(pod);
  const status = pod.get('status');
  if (GONE_PHASES.includes(status.get('phase').value) || pod.get('metadata').get('deletionTimestamp').present) {
    return undefined;
  }
  const ips = readPodIPs(status, passOver);
  const startedMs = Date.parse(String(status.get('startTime').value));
  return ips.length === 0
    ? undefined
    : {
        ...names,
        ips,
        hostNetwork: pod.get('spec').get('hostNetwork').flag() ?? false,
        ...(!Number.isNaN(startedMs) && { startedMs }),
        labels: readLabels(pod),
      };
}

function readPodIPs(status: Field, passOver: PassOver): string[] {
  const several = status.get('podIPs').items();
  const fields = several.length > 0 ? several.map((item) => item.get('ip')) : [status.get('podIP')];
  const given = fields.filter((ip) => ip.value);
  return [...new Set(readSome(given, (ip) => ip.ip(), passOver))];
}
