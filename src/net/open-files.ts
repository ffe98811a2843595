import { readFileSync } from 'node:fs';

/**
 * How many files and sockets the process may have open; no limit if the system does not say. Node.js has already raised the limit as far as it may.
 */
export function openFileLimit(): number {
  try {
    return parseLimits(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Reads the soft limit out of Linux's table of limits. */
export function parseLimits(text: string): number {
  const [, limit] = /^Max open files\s+(\d+)/m.exec(text) ?? [];
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
}
