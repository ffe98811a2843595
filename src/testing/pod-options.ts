import { mapOf, oneOf, optional, type Rule, TEXT } from '../base/check.ts';
import { CairnError } from '../base/errors.ts';
import { type Environment, IMAGE_NAMES, type ImageName, RUNTIME_NAMES, type RuntimeName } from '../resolver/index.ts';
import { check } from './known-options.ts';

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

const RULES: Readonly<Record<keyof PodOptions, Rule>> = {
  image: oneOf(IMAGE_NAMES),
  runtime: oneOf(RUNTIME_NAMES),
  environment: mapOf(optional(TEXT)),
};

/** @throws CairnError for options that do not exist, and for values that are not valid */
export function checkPodOptions(options: PodOptions): PodOptions {
  if (options !== null && typeof options === 'object' && 'libc' in options)
    throw new CairnError('CLUSTER', '`libc` is now `image` (what `lookup` does) and `runtime` (what `resolve*` does)');
  check.options('a pod', options, RULES);
  return options;
}
