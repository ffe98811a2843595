import { optional, wholeNumber } from '../base/check.ts';
import { CairnError } from '../base/errors.ts';
import { printRcode } from '../dns/message.ts';
import { printRdata } from '../dns/presentation.ts';
import { decodeMessage } from '../dns/wire/decode.ts';
import type { Protocol } from '../resolver/index.ts';
import { check } from './known-options.ts';

/** The most queries that a cluster keeps; the oldest go first. */
export const MAX_KEPT_QUERIES = 10_000;
/** The most octets of their responses. */
export const MAX_KEPT_OCTETS = 16 * 1024 * 1024;

/** A query that reached one of the cluster's servers. */
export interface AskedQuery {
  /** `NAMESPACE/NAME`, or `NAMESPACE` for an ordinary pod; undefined for a program outside of the test. */
  readonly pod: string | undefined;
  /** As it was asked, with its trailing dot. */
  readonly name: string;
  readonly type: string;
  readonly protocol: Protocol;
  /** The response code; `timeout` if no response came, `pending` while it may still come. */
  readonly result: string;
  /** The data of the answer section, as in a zone file. */
  readonly answers: readonly string[];
  /** Why the server answered so; undefined for a program outside of the test, and where the server does not say it. */
  readonly reason: string | undefined;
}

/** A moment, as `cluster.mark()` gives it. */
export type QueryMark = number & { readonly of: 'queries' };

const MARK = { ...wholeNumber(0), should: 'a result of mark()' };

type Asked = Pick<AskedQuery, 'pod' | 'name' | 'type' | 'protocol'>;
type Outcome = 'pending' | 'timeout' | { readonly octets: Uint8Array; readonly reason?: string | undefined };
interface Entry {
  readonly asked: Asked;
  outcome: Outcome;
}

/** What was asked, in order. */
export interface Journal {
  /** Notes a query; the result is called with its outcome. */
  begin(asked: Asked): (outcome: Outcome) => void;
  mark(): QueryMark;
  /** @throws CairnError if queries since the mark are no longer kept */
  queries(since?: QueryMark): AskedQuery[];
}

export function createJournal(): Journal {
  const entries: Entry[] = [];
  let dropped = 0;
  let keptOctets = 0;
  const dropOldest = () => {
    keptOctets -= octetsOf(entries.shift()!);
    dropped++;
  };
  return {
    begin(asked) {
      const entry: Entry = { asked, outcome: 'pending' };
      const number = dropped + entries.push(entry);
      if (entries.length > MAX_KEPT_QUERIES) dropOldest();
      return (outcome) => {
        entry.outcome = outcome;
        if (number <= dropped) return;
        keptOctets += octetsOf(entry);
        while (keptOctets > MAX_KEPT_OCTETS) dropOldest();
      };
    },
    mark: () => (dropped + entries.length) as QueryMark,
    queries(since) {
      check.value('queries: since', since, optional(MARK));
      if (since !== undefined && since < dropped) {
        const kept = `of the ${dropped + entries.length - since} queries since the mark only the last ${entries.length}`;
        throw new CairnError('CLUSTER', `${kept} are kept: take the mark later`);
      }
      return entries.slice(since === undefined ? 0 : since - dropped).map(printEntry);
    },
  };
}

function octetsOf({ outcome }: Entry): number {
  return typeof outcome === 'string' ? 0 : outcome.octets.length;
}

function printEntry({ asked, outcome }: Entry): AskedQuery {
  if (typeof outcome === 'string') return { ...asked, result: outcome, answers: [], reason: undefined };
  const { rcode, answer } = decodeMessage(outcome.octets);
  return { ...asked, result: printRcode(rcode), answers: answer.map(printRdata), reason: outcome.reason };
}
