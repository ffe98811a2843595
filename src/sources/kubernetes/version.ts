/**
 * Which of two resource versions is the later one: negative if the first is the earlier, 0 if they are the same; undefined where they are
 * not both the decimal numbers that Kubernetes has had all along and promises since 1.35, so that they cannot be compared.
 */
export function compareVersions(one: string, other: string): number | undefined {
  if (one === other) return 0;
  if (!isNumber(one) || !isNumber(other)) return undefined;
  return BigInt(one) < BigInt(other) ? -1 : 1;
}

const isNumber = (version: string): boolean => /^\d+$/.test(version);
