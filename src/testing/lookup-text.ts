import type { ExplainedQuery, Explanation } from '../resolver/index.ts';

/** What a lookup asked, what came back, and why: one line for each query. */
export function printLookup({ queries }: Explanation): string {
  if (queries.length === 0) return 'It asked nothing.';
  return ['It asked:', ...queries.map((query) => `  ${query.name} ${query.type}: ${cameBack(query)}`)].join('\n');
}

const OUTCOMES: Partial<Readonly<Record<ExplainedQuery['outcome'], string>>> = {
  nodata: 'no data',
  timeout: 'no response in time',
};

function cameBack({ outcome, reply }: ExplainedQuery): string {
  const data = (reply?.answers ?? []).map(({ type, data }) => (typeof data === 'string' ? data : type)).join(', ');
  const said = outcome === 'answer' ? data : (OUTCOMES[outcome] ?? outcome.toUpperCase());
  const reason = reply?.reason ?? reply?.extendedErrors[0];
  return reason === undefined || outcome === 'answer' ? said : `${said} - ${reason}`;
}
