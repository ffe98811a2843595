import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { versionText } from '../version.ts';
import { defineCache } from './commands/cache.ts';
import { defineCheck } from './commands/check.ts';
import { defineCompletion } from './commands/completion.ts';
import { defineEnv } from './commands/env.ts';
import { defineExplain } from './commands/explain.ts';
import { defineFormat } from './commands/fmt.ts';
import { defineHealth } from './commands/health.ts';
import { defineLookup } from './commands/lookup.ts';
import { defineRun } from './commands/run.ts';
import { defineServe, type ServeValues } from './commands/serve.ts';
import { defineStatus } from './commands/status.ts';
import { defineTail } from './commands/tail.ts';
import { defineTop } from './commands/top.ts';
import { addExamples, define } from './define.ts';

/** Gets the exit status of a command. A server does not end by itself. */
type Exit = (status: number) => void;

/** The command line as a whole. What a command does is loaded when it is run. */
export function createProgram(exit: Exit): CommandUnknownOpts {
  const serve = defineServe().action(async (values) => {
    if (values.version || values.plugins) exit(await inform(values));
    else await (await import('./serve.ts')).serve(values);
  });
  const check = defineCheck().action(async (files, values) => {
    exit(await (await import('./check/index.ts')).check(files, values));
  });
  const format = defineFormat().action(async (files, values) => {
    exit(await (await import('./format/index.ts')).format(files, values));
  });
  const health = defineHealth().action(async (address) => {
    exit(await (await import('./health.ts')).health(address));
  });
  const lookup = defineLookup().action(async (name, type, values) => {
    exit(await (await import('./lookup/index.ts')).lookup(name, type, values));
  });
  const run = defineRun().action(async (words, values) => {
    exit(await (await import('./run-program/index.ts')).runProgram(words, values));
  });
  const env = defineEnv().action(async (values) => {
    exit(await (await import('./env.ts')).env(values));
  });
  const status = defineStatus().action(async (values) => {
    exit(await (await import('./admin/status.ts')).status(values));
  });
  const explain = defineExplain().action(async (name, type, values) => {
    exit(await (await import('./admin/explain.ts')).explain(name, type, values));
  });
  const cache = defineCache().action(async (action, name, type, values) => {
    exit(await (await import('./admin/cache.ts')).cache(action, name, type, values));
  });
  const tail = defineTail().action(async (values) => {
    exit(await (await import('./admin/tail.ts')).tail(values));
  });
  const top = defineTop().action(async (values) => {
    exit(await (await import('./admin/top.ts')).top(values));
  });
  const completion = defineCompletion().action(async (shell) => {
    process.stdout.write((await import('./completion/index.ts')).completion(shell, program as CommandUnknownOpts));
    exit(0);
  });
  const program = define('cairn', '[flags]\n       cairn COMMAND [arguments]')
    .description("Cluster DNS that takes CoreDNS's place. Without a command, it serves.")
    .enablePositionalOptions()
    .commandsGroup('Server:')
    .addCommand(serve, { isDefault: true })
    .addCommand(check)
    .addCommand(format)
    .addCommand(health)
    .commandsGroup('Names:')
    .addCommand(lookup)
    .addCommand(run)
    .addCommand(env)
    .commandsGroup('Running server:')
    .addCommand(status)
    .addCommand(tail)
    .addCommand(top)
    .addCommand(explain)
    .addCommand(cache)
    .commandsGroup('More:')
    .addCommand(completion)
    .helpCommand('help [COMMAND]', 'print help for a command');
  // The flags of the server are those of the command itself.
  const help = program.configureHelp();
  program.configureHelp({ ...help, visibleOptions: () => serve.createHelp().visibleOptions(serve) });
  addExamples(program, [
    { line: 'cairn -conf Corefile -dns.port 1053', effect: 'serves a Corefile' },
    { line: 'cairn lookup web -n shop --trace', effect: 'what a pod of shop asks for, and why it finds what it finds' },
    { line: 'cairn status', effect: 'the state of the server that runs on this machine' },
    { line: 'cairn help lookup', effect: 'explains a command and its flags' },
  ]);
  return program as CommandUnknownOpts;
}

/** What a command line asks for that serves nothing. */
async function inform({ version, plugin }: ServeValues): Promise<number> {
  process.stdout.write(version ? versionText() : await listPlugins(plugin));
  return 0;
}

async function listPlugins(named: readonly string[] | undefined): Promise<string> {
  const plugins = await (await import('./plugins.ts')).pluginsFor(named);
  return plugins
    .map(({ name }) => `${name}\n`)
    .sort()
    .join('');
}
