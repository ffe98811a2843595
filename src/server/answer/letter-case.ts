import type { Sections } from '../../dns/message.ts';
import { foldName, type Name } from '../../dns/name.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import { Packed } from '../../dns/wire/packed.ts';
import type { Query } from '../../plugin/query.ts';

type Asked = Pick<Query, 'name' | 'question'>;

/** The records, where the owner equal to the qname gets the letter case of the question; the source of the records may have another. */
export function inCaseOf({ name, question }: Asked, records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  const asked = question.name;
  const differs = ({ name: owner }: { readonly name: Name }) =>
    owner !== asked && owner.length === asked.length && foldName(owner) === name;
  if (!records.some(differs)) return records;
  return records.map((record) => (differs(record) ? { ...record, name: asked } : record));
}

/** {@link inCaseOf} for all sections. Owners of packed records point to the question, so they have its letter case already. */
export function recordsInCaseOf(asked: Asked, records: Sections): Sections {
  if (records instanceof Packed) return records;
  return {
    answer: inCaseOf(asked, records.answer),
    authority: inCaseOf(asked, records.authority),
    additional: inCaseOf(asked, records.additional),
  };
}
