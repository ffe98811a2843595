import { LABEL, LABEL_RULE } from '../sources/objects/metadata.ts';
import { UsageError } from './usage.ts';

/** The pod that a command line names. */
interface NamedPod {
  readonly namespace: string | undefined;
  readonly pod: string | undefined;
}

/** Reads `--pod NAME` or `--pod NAMESPACE/NAME`, and `--namespace`. @throws UsageError if they contradict each other */
export function readPod({ namespace, pod }: { readonly namespace?: string; readonly pod?: string }): NamedPod {
  if (namespace !== undefined && !LABEL.test(namespace))
    throw new UsageError(`--namespace cannot be "${namespace}"`, `it is ${LABEL_RULE}`);
  if (pod === undefined || !pod.includes('/')) return { namespace, pod };
  const [, place, name] = /^([^/]+)\/([^/]+)$/.exec(pod) ?? [];
  if (place === undefined || name === undefined)
    throw new UsageError(`--pod cannot be "${pod}"`, 'it is NAME or NAMESPACE/NAME');
  if (namespace !== undefined && namespace !== place)
    throw new UsageError(`--pod ${pod} is not in the namespace ${namespace}`, 'leave --namespace out');
  return { namespace: place, pod: name };
}
