import type { Message, Question } from '../../../src/dns/message.ts';
import { printType } from '../../../src/dns/rr.ts';
import { type Address, askAll, askOverTcp } from './exchange.ts';
import { equal, type Outcome, outcomeOf, printOutcome } from './outcome.ts';

/** A question that two servers answer differently. */
export interface Difference {
  readonly question: Question;
  readonly left: Outcome;
  readonly right: Outcome;
}

/** Asks two servers the same questions, over UDP and, where the response may lack records because it had no room for them, over TCP. */
export async function compareServers(
  left: Address,
  right: Address,
  questions: readonly Question[],
): Promise<Difference[]> {
  const [ofLeft, ofRight] = await Promise.all([askAll(left, questions), askAll(right, questions)]);
  const differences: Difference[] = [];
  for (const [i, question] of questions.entries()) {
    let difference = compareReplies(question, ofLeft[i]!, ofRight[i]!);
    if (difference && ofLeft[i]!.additional.length !== ofRight[i]!.additional.length)
      difference = compareReplies(question, await askOverTcp(left, question), await askOverTcp(right, question));
    if (difference) differences.push(difference);
  }
  return differences;
}

/** The difference between two replies to one question, if there is any. */
export function compareReplies(question: Question, left: Message, right: Message): Difference | undefined {
  const difference = { question, left: outcomeOf(left), right: outcomeOf(right) };
  return equal(difference.left, difference.right) ? undefined : difference;
}

/** A difference as lines: the question, then what only the left one says behind `<`, and only the right one behind `>`. */
export function printDifference({ question: { name, type }, left, right }: Difference): string {
  const [ofLeft, ofRight] = [printOutcome(left).split('\n'), printOutcome(right).split('\n')];
  return [
    `${name} ${printType(type)}`,
    ...ofLeft.filter((line) => !ofRight.includes(line)).map((line) => `  < ${line}`),
    ...ofRight.filter((line) => !ofLeft.includes(line)).map((line) => `  > ${line}`),
  ].join('\n');
}
