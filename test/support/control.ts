import { definePlugin, type PluginDefinition } from '../../src/plugin/plugin.ts';
import type { ServerControl } from '../../src/plugin/server-control.ts';
import { plugins as builtIn } from '../../src/plugins.ts';
import { startServer, type TestServer } from './server.ts';

/** A server for a Corefile's text, and its control. The first block gets a directive for that, which does nothing else. */
export async function startControlled(
  text: string,
  { plugins = [], ...options }: Parameters<typeof startServer>[1] = {},
): Promise<TestServer & { readonly control: ServerControl }> {
  let control: ServerControl | undefined;
  const spy: PluginDefinition = definePlugin({
    name: 'spy',
    dependsOn: 'question',
    parse: () => undefined,
    settings: () => ({ recordsSteps: true }),
    create(_, { process }) {
      control ??= process.control;
      return {};
    },
  });
  const withSpy = (corefile: string) => corefile.replace('{', '{\n spy\n');
  const running = await startServer(withSpy(text), { ...options, plugins: [...plugins, ...builtIn, spy] });
  return {
    ...running,
    control: control!,
    get port() {
      return running.port;
    },
    rewrite: (next) => running.rewrite(withSpy(next)),
  };
}
