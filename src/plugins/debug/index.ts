import { lastUse, noArgs, noBlock } from '../../corefile/arguments.ts';
import { printType } from '../../dns/rr.ts';
import { definePlugin } from '../../plugin/plugin.ts';

/** Logs details that help to find the cause of a problem. */
export default definePlugin({
  name: 'debug',
  dependsOn: 'question',

  parse(uses) {
    const directive = lastUse(uses);
    noArgs(directive);
    noBlock(directive);
  },

  settings: () => ({ debug: true }),

  create: (_, { log }) => ({
    observe({ question, message }, { reply: { error, source } }) {
      if (!error) return;
      const what = `${question.name} ${printType(question.type)}, id ${message.id}`;
      log.debug(`${what}: ${source === '' ? 'the server' : source} failed: ${error.stack ?? error.message}`);
    },
    // A reply with an error is never repeated.
    observeRepetitions() {},
  }),
});
