const UNITS = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1000 },
] as const;

/** A duration for people, in its two largest units: `3 d 4 h`, `12 min`, `7 s`; below a second in milliseconds. */
export function printDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const first = UNITS.findIndex((unit) => ms >= unit.ms);
  const { name, ms: unitMs } = UNITS[first]!;
  const count = Math.floor(ms / unitMs);
  const next = UNITS[first + 1];
  const rest = next ? Math.floor((ms % unitMs) / next.ms) : 0;
  return `${count} ${name}${next && rest > 0 ? ` ${rest} ${next.name}` : ''}`;
}
