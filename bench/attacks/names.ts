/** The zones of the upstream, which it answers in different ways. */
export const ZONES = {
  /** Answered at once. */
  plain: 'plain.example',
  /** Answered late, with SERVFAIL, or not at all. */
  flaky: 'flaky.example',
  /** Never answered. */
  silent: 'silent.example',
  /** Answered after a while, with TTL 0 and for one network, so that the response may not be shared. */
  unshared: 'unshared.example',
  /** Long queries get no response, others an answer. */
  drop: 'drop.example',
  /** Long queries get an error, others an answer. */
  formerr: 'formerr.example',
  refused: 'refused.example',
  notauth: 'notauth.example',
  /** Answered with 58 KB over TCP. */
  big: 'big.example',
} as const;

/** A new name at fixed intervals, the same in all processes; sometimes the victim asks for it first, sometimes the attacker. */
export function sharedName(zone: string, everyMs = 270): string {
  return `at-${Math.floor(Date.now() / everyMs)}.${zone}`;
}

/** Services that every cluster here has. */
export const SERVICES = {
  /** 200 endpoints: a reply of 3.2 KB. */
  wide: 'wide.attacked.svc.cluster.local',
  /** 20,000 endpoints, if the setup has `bigService`. */
  big: 'big.attacked.svc.cluster.local',
} as const;
