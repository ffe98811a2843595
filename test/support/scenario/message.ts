import { Class, EdnsOption, type Message, parseRcode, printClass } from '../../../src/dns/message.ts';
import { parseRecord } from '../../../src/dns/presentation.ts';
import { printType } from '../../../src/dns/rr.ts';
import { printReply, testMessage } from '../query.ts';

/** The flags that a question may bear in a scenario, and what they say of the message. */
const QUESTION_FLAGS: Readonly<Record<string, (message: Message) => boolean>> = {
  '+norec': ({ rd }) => !rd,
  '+ad': ({ ad }) => ad,
  '+cd': ({ cd }) => cd,
  '+edns': ({ edns }) => edns !== undefined,
  '+do': ({ edns }) => edns?.do === true,
};

const REPLY_FLAGS: readonly string[] = ['aa', 'ra', 'ad', 'tc'];

const CLASSES: readonly string[] = ['CH', 'HS', 'ANY'];

/** How many of these words are the question: the third only if it is a class. */
export function questionWords(words: readonly string[]): number {
  return CLASSES.includes(words[2] ?? '') ? 3 : 2;
}

/** The query for words such as `www.example.org. AAAA +do` or `version.bind. TXT CH`. */
export function queryOf(words: readonly string[]): Message {
  const question = words.slice(0, questionWords(words)).join(' ');
  const flags = words.slice(questionWords(words));
  const has = (flag: string) => flags.includes(flag);
  const edns = has('+edns') || has('+do') ? { edns: { do: has('+do') } } : {};
  const id = Math.floor(Math.random() * 0x10000);
  return testMessage(question, { id, rd: !has('+norec'), ad: has('+ad'), cd: has('+cd'), ...edns });
}

/** @throws Error if one of these words is no flag that a question can bear. */
export function checkFlags(words: readonly string[]): void {
  const strange = words.find((word) => word !== '+tcp' && !Object.hasOwn(QUESTION_FLAGS, word));
  if (strange === undefined) return;
  throw new Error(`'${strange}' is no flag of a question, expecting +tcp, ${Object.keys(QUESTION_FLAGS).join(', ')}`);
}

/** A query as a scenario writes it, with those of the flags that it has. */
export function printQuery(message: Message, protocol: string, flags: readonly string[]): string {
  const { name, type, class: qclass } = message.questions[0]!;
  const classes = qclass === Class.IN ? [] : [printClass(qclass)];
  const borne = flags.filter((flag) => QUESTION_FLAGS[flag]?.(message));
  return [name, printType(type), ...classes, ...(protocol === 'tcp' ? ['+tcp'] : []), ...borne].join(' ');
}

/** The reply that `RCODE [FLAG...]` and records make; those of authority and additional have `-- ` and `++ ` in front. */
export function replyTo(query: Message, [rcode = '', ...flags]: readonly string[], body: readonly string[]): Message {
  const code = parseRcode(rcode);
  const strange = flags.find((flag) => !REPLY_FLAGS.includes(flag));
  if (code === undefined) throw new Error(`'${rcode}' is not an rcode`);
  if (strange !== undefined) throw new Error(`'${strange}' is none of the flags ${REPLY_FLAGS.join(', ')}`);
  const section = (mark: string) =>
    body.filter((line) => markOf(line) === mark).map((line) => parseRecord(line.slice(mark.length)));
  const has = (flag: string) => flags.includes(flag);
  return {
    ...query,
    ...{ qr: true, rcode: code, aa: has('aa'), ra: has('ra'), ad: has('ad'), tc: has('tc') },
    ...{ answer: section(''), authority: section('-- '), additional: section('++ ') },
  };
}

function markOf(line: string): string {
  return ['-- ', '++ '].find((mark) => line.startsWith(mark)) ?? '';
}

/** A reply as a scenario writes it; an extended error (RFC 8914) stands behind the flags: `NOERROR aa EDE 3`. */
export function printAnswer(reply: Message): string {
  const [status, ...records] = printReply(reply).split('\n');
  const errors = (reply.edns?.options ?? []).flatMap(({ code, data }) =>
    code === EdnsOption.EDE ? [`EDE ${(data[0]! << 8) | data[1]!}`] : [],
  );
  return [[status, ...errors].join(' '), ...records].join('\n');
}
