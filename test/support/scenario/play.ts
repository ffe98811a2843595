import type { Scenario, Step } from './parse.ts';
import { checkNothingUnseen, createStage, fail, type Stage } from './stage.ts';
import { advance, settle } from './time.ts';
import { DEEDS, VERBS } from './verbs.ts';

/** More than any query may take: at the end none is left that the server would wait for. */
const END_MS = 10_000;

/**
 * Plays a scenario with a server on real sockets and a clock that only the scenario moves.
 *
 * @throws Error (as a rejection) with the place of the first step that does not come true.
 */
export async function play({ steps }: Scenario): Promise<void> {
  const stage = await createStage();
  try {
    for (const step of steps) await playStep(stage, step);
    await settle();
    checkNothingUnseen(stage);
    if (stage.asked.length > 0) fail(`${stage.asked.length} questions at the end have no 'expect'`);
  } finally {
    await advance(stage.clock, END_MS);
  }
}

async function playStep(stage: Stage, { place, words, body }: Step): Promise<void> {
  try {
    await perform(stage, words, body);
  } catch (thrown) {
    const error = thrown as Error;
    error.message = `${place}: ${words.join(' ')}: ${error.message}`;
    throw error;
  }
}

async function perform(stage: Stage, [first = '', ...rest]: readonly string[], body: readonly string[]): Promise<void> {
  if (Object.hasOwn(VERBS, first)) return VERBS[first]!(stage, rest, body);
  const [deed = '', ...args] = rest;
  if (!Object.hasOwn(DEEDS, deed)) {
    fail(`expecting ${Object.keys(VERBS).join(', ')}, or UPSTREAM ${Object.keys(DEEDS).join(', ')}`);
  }
  const actor = stage.actors.get(first) ?? fail(`no corefile or file names an upstream {$${first}}`);
  return DEEDS[deed]!(stage, actor, args, body);
}
