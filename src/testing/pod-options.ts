import { CairnError } from '../base/errors.ts';
import type { Environment, ImageName, RuntimeName } from '../resolver/index.ts';
import { checkKnown } from './known-options.ts';

/** What runs in a pod. */
export interface PodOptions {
  /**
   * What the pod's image is made of, which decides about `lookup`; that of this process by default. `debian` stands for all images with glibc, such
   * as Ubuntu, RHEL and distroless.
   */
  readonly image?: ImageName;
  /** What the program asks with, which decides about `resolve*` and `reverse`, and with `go`, `c-ares` and `busybox` about `lookup`, too; `node` by default. */
  readonly runtime?: RuntimeName;
  /** The container's variables that change its resolver: LOCALDOMAIN and RES_OPTIONS. */
  readonly environment?: Environment;
}

const KNOWN = ['image', 'runtime', 'environment'];

/** @throws CairnError for options that do not exist */
export function checkPodOptions(options: PodOptions): PodOptions {
  if ('libc' in options)
    throw new CairnError('CLUSTER', '`libc` is now `image` (what `lookup` does) and `runtime` (what `resolve*` does)');
  checkKnown('a pod', options, KNOWN);
  return options;
}
