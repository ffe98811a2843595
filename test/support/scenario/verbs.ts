import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseDurationMs } from '../../../src/corefile/duration.ts';
import { decodeMessage } from '../../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../../src/dns/wire/encode.ts';
import { exchangeTcp, exchangeUdp } from '../ask.ts';
import { seededRandom } from '../random.ts';
import { startServer } from '../server.ts';
import { checkFlags, printAnswer, printQuery, queryOf, questionWords, replyTo } from './message.ts';
import { type Actor, actorOf, checkNothingUnseen, fail, type Stage, serverOf } from './stage.ts';
import { advance, settle, soon } from './time.ts';

type Verb = (stage: Stage, args: readonly string[], body: readonly string[]) => Promise<void>;
type Deed = (stage: Stage, actor: Actor, args: readonly string[], body: readonly string[]) => Promise<void>;

/** What the scenario itself, the clients and the server do. */
export const VERBS: Readonly<Record<string, Verb>> = {
  async corefile(stage, _, body) {
    const { clock, server } = stage;
    const text = await fillIn(stage, `${body.join('\n')}\n`);
    if (server) {
      server.rewrite(text);
      expect(await server.server.reload(), server.lines.at(-1)).toBe('reloaded');
    } else {
      stage.server = await startServer(text, { clock, random: seededRandom() });
    }
  },

  async file(stage, [name = ''], body) {
    await writeFile(join(stage.folder, name), await fillIn(stage, `${body.join('\n')}\n`));
  },

  async ask(stage, words) {
    const fromAt = words.indexOf('from');
    const [question, from] = fromAt === -1 ? [words] : [words.slice(0, fromAt), words[fromAt + 1]];
    checkFlags(question.slice(questionWords(question)));
    const exchange = question.includes('+tcp') ? exchangeTcp : exchangeUdp;
    const reply = exchange('127.0.0.1', serverOf(stage).port, encodeMessage(queryOf(question)), from);
    reply.catch(() => {}); // a step that expects it will see it
    stage.asked.push(reply);
    await settle();
  },

  async expect({ asked }, words, body) {
    const reply = asked.shift() ?? fail('nobody has asked anything that is not answered yet');
    const printed = reply.then((octets) => printAnswer(decodeMessage(octets)));
    if (words.join(' ') === 'nothing') expect(await Promise.race([printed, settle()])).toBeUndefined();
    else expect(await printed).toBe([words.join(' '), ...body].join('\n'));
  },

  async advance(stage, [time = '']) {
    checkNothingUnseen(stage);
    await advance(stage.clock, parseDurationMs(time));
  },

  async logs(stage, words) {
    const unseen = serverOf(stage).lines.slice(stage.linesSeen);
    const text = await fillIn(stage, words.join(' '));
    const at = unseen.findIndex((line) => line.includes(text));
    if (at === -1) fail(`the log does not say so, but:\n${unseen.join('\n')}`);
    stage.linesSeen += at + 1;
  },

  async metric(stage, [cell = '', value = '']) {
    const lines = (await serverOf(stage).server.metrics.expose()).split('\n');
    const family = lines.filter((line) => line.startsWith(cell.replace(/\{.*/, '')));
    expect(family).toContain(`${cell} ${value}`);
  },
};

/** What an upstream does. */
export const DEEDS: Readonly<Record<string, Deed>> = {
  async receives(stage, actor, words) {
    if (words.join(' ') === 'nothing') {
      await settle();
      checkNothingUnseen(stage);
      return;
    }
    checkFlags(words.slice(questionWords(words)));
    actor.query = await soon(actor.server.query(actor.seen), 'the upstream receives nothing');
    actor.seen++;
    expect(printQuery(actor.query.message, actor.query.protocol, words)).toBe(words.join(' '));
  },

  async answers(_, { query }, words, body) {
    if (!query) fail('the upstream has received nothing that it could answer');
    query.reply(replyTo(query.message, words, body));
    await settle();
  },

  async closes(_, { query }) {
    query?.close();
    await settle();
  },
};

/** Puts the endpoints of upstreams, and the folder of the files, for the names in `{$NAME}`. */
async function fillIn(stage: Stage, text: string): Promise<string> {
  let filled = text.replaceAll('{$folder}', stage.folder);
  for (const [variable, name = ''] of text.matchAll(/\{\$(\w+)\}/g)) {
    if (name !== 'folder') filled = filled.replaceAll(variable, (await actorOf(stage, name)).server.endpoint);
  }
  return filled;
}
