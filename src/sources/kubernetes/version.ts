/**
 * Compares two resource versions: negative if the first is earlier, 0 if they are equal, positive if it is later. Undefined if they are not both
 * decimal numbers; Kubernetes has always used these, and guarantees them since 1.35.
 */
export function compareVersions(one: string, other: string): number | undefined {
  if (one === other) return 0;
  if (!isNumber(one) || !isNumber(other)) return undefined;
  return BigInt(one) < BigInt(other) ? -1 : 1;
}

const isNumber = (version: string): boolean => /^\d+$/.test(version);
