import { readFileSync } from 'node:fs';

/** Only what service accounts ask for is of interest, once: when it is answered, or when a watch begins. */
export const AUDIT_POLICY = {
  ...{ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived', 'Panic'] },
  rules: [{ level: 'Metadata', userGroups: ['system:serviceaccounts:kube-system'] }, { level: 'None' }],
};

/** What an API server was asked for about one resource. */
export interface RequestCount {
  /** Those that come as the beginning of a watch count, too. */
  lists: number;
  watches: number;
  /** Lists of one object, for the version that the server has. */
  checks: number;
  errors: number;
}

interface AuditEvent {
  readonly auditID: string;
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string };
  readonly responseStatus?: { readonly code: number };
}

/** Reads in an API server's audit log what a user asked for, by resource. @throws Error if that is nothing */
export function countRequests(auditLog: string, username: string): Record<string, RequestCount> {
  const counts: Record<string, RequestCount> = {};
  const seen = new Set<string>();
  // Behind the last line break is what is being written.
  for (const line of readFileSync(auditLog, 'utf8').split('\n').slice(0, -1)) {
    const event = JSON.parse(line) as AuditEvent;
    if (event.user.username !== username || seen.has(event.auditID)) continue;
    seen.add(event.auditID);
    const resource = event.objectRef?.resource ?? '';
    counts[resource] ??= { lists: 0, watches: 0, checks: 0, errors: 0 };
    counts[resource][kindOf(event)]++;
  }
  if (seen.size === 0) throw new Error(`${auditLog} has no request of ${username}`);
  return counts;
}

function kindOf({ verb, requestURI, responseStatus }: AuditEvent): keyof RequestCount {
  if ((responseStatus?.code ?? 200) >= 400) return 'errors';
  if (/[?&]limit=1(&|$)/.test(requestURI)) return 'checks';
  return verb === 'list' || requestURI.includes('sendInitialEvents=true') ? 'lists' : 'watches';
}
