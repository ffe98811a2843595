import { CairnError } from '../../base/errors.ts';
import { type Waiting, Waitlist } from '../../base/waitlist.ts';
import { Rcode, type Sections } from '../../dns/message.ts';
import { foldName, type Name, NameError } from '../../dns/name.ts';
import { CNAME, DNAME, MX, NAPTR, NS, PTR, type ResourceRecord, SOA, SRV } from '../../dns/rr.ts';
import { countsOf, failure, mapRecords, type Reply } from '../../plugin/reply.ts';

/** The fields of rdata with a name, by type: rules for values change these. */
const NAME_FIELDS: ReadonlyMap<number, readonly string[]> = new Map([
  [CNAME.code, ['target']],
  [DNAME.code, ['target']],
  [NS.code, ['target']],
  [PTR.code, ['target']],
  [SRV.code, ['target']],
  [MX.code, ['exchange']],
  [NAPTR.code, ['replacement']],
  [SOA.code, ['mname', 'rname']],
]);

/** Gives the new names of a reply; undefined for a name that stays. */
export interface AnswerNames {
  readonly owner?: (name: Name) => Name | undefined;
  readonly value?: (name: Name) => Name | undefined;
}

const NO_RECORDS: Sections = { answer: [], authority: [], additional: [] };

/** How many records are rewritten in one turn of the event loop: a regular expression takes some 20 µs for a long name. */
export const RECORDS_AT_ONCE = 32;

/**
 * The reply with the names of all its records rewritten; many records take several turns of the event loop. If a new name is not valid, the record
 * stays as it was.
 */
export function renameRecords(reply: Reply, { owner, value }: AnswerNames): Reply | Promise<Reply> {
  const rename = (record: ResourceRecord): ResourceRecord => {
    const name = (owner && apply(owner, record.name)) ?? record.name;
    const data = value ? renameData(record, value) : record.data;
    return name === record.name && data === record.data ? record : { ...record, name, data };
  };
  const { answer, authority, additional } = countsOf(reply);
  if (answer + authority + additional <= RECORDS_AT_ONCE) return mapRecords(reply, rename);
  return inLine(() => mapInTurns(reply, rename));
}

/** The maximum number of replies in the whole process that wait to be rewritten. For one more, the one that has waited longest is refused. */
export const MAX_WAITING = 256;

interface Waiter extends Waiting<Waiter> {
  refuse(): void;
}

const REFUSED = failure('rewrite', Rcode.REFUSED, new CairnError('REWRITE', 'too many replies wait to be rewritten'));
const waiting = new Waitlist<Waiter>(MAX_WAITING, (oldest) => oldest.refuse());
let last = Promise.resolve();

/** Large replies are rewritten one after the other, so that they do not take all turns of the event loop. Replies that wait are not decoded. */
function inLine(work: () => Promise<Reply>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const waiter: Waiter = { refuse: () => resolve(REFUSED), older: undefined, newer: undefined };
    waiting.add(waiter);
    last = last.then(() => (waiting.delete(waiter) ? work().then(resolve, reject) : undefined));
  });
}

async function mapInTurns(reply: Reply, change: (record: ResourceRecord) => ResourceRecord): Promise<Reply> {
  const changed = { answer: [], authority: [], additional: [] } as Record<keyof Sections, ResourceRecord[]>;
  for (const section of ['answer', 'authority', 'additional'] as const) {
    const records = reply[section];
    for (let at = 0; at < records.length; at += RECORDS_AT_ONCE) {
      changed[section].push(...records.slice(at, at + RECORDS_AT_ONCE).map(change));
      await new Promise(setImmediate);
    }
  }
  return { ...mapRecords({ ...reply, ...NO_RECORDS }, change), ...changed };
}

function renameData({ type, data }: ResourceRecord, value: (name: Name) => Name | undefined): object {
  const fields = NAME_FIELDS.get(type);
  if (!fields) return data;
  const changes = fields.flatMap((field) => {
    const name = apply(value, (data as Record<string, Name>)[field] ?? '');
    return name === undefined ? [] : [[field, name] as const];
  });
  return changes.length > 0 ? { ...data, ...Object.fromEntries(changes) } : data;
}

function apply(rewrite: (name: Name) => Name | undefined, name: Name): Name | undefined {
  try {
    return rewrite(foldName(name));
  } catch (thrown) {
    if (thrown instanceof NameError) return undefined;
    throw thrown;
  }
}
