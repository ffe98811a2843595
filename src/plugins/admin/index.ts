/*
 * The interface over which a running server is seen and steered. Begin here; admin-server.ts keeps an address open, respond.ts answers a request, access.ts
 * decides who may ask, and routes/ has what can be asked. It never looks into the server itself: `env.process.control` does.
 */

import { messageOf } from '../../base/errors.ts';
import { CorefileError } from '../../corefile/error.ts';
import { printPosition } from '../../corefile/position.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Protection } from './access.ts';
import { AdminServer, type OpenServers } from './admin-server.ts';
import type { Viewers } from './lines.ts';
import { adminCounts } from './metrics.ts';
import { type AdminAddress, type AdminOptions, isSameSocket, parseAdmin, type TokenOption } from './options.ts';
import { routesFor } from './routes/index.ts';
import { TokenFile } from './token-file.ts';
import { viewerEnv } from './viewers.ts';

/** Serves the admin interface, over which a running server is seen and steered. */
export default definePlugin<AdminOptions>({
  name: 'admin',
  dependsOn: 'question',
  parse: parseAdmin,
  // The options name files.
  secrets: () => [],

  settings: () => ({ recordsSteps: true }),

  create(options, env) {
    const { name } = options;
    const address = absolute(options.address, env);
    checkOthers(options, address, env);
    const viewers = env.keep('viewers', (): Viewers => ({ count: 0 }));
    const open = env.keep('open', (): OpenServers => ({ servers: new Set() }));
    const server = env.keep(JSON.stringify(address), () => makeServer(name, address, { viewers, open }, env));
    const protection = protectionOf(options, env);
    return {
      async load() {
        await loadToken(options.token, protection.token);
        await loadToken(options.readToken, protection.readToken);
      },
      serving: () => server.serve(protection),
    };
  },
});

function makeServer(
  name: string,
  address: AdminAddress,
  shared: { readonly viewers: Viewers; readonly open: OpenServers },
  env: PluginEnv,
): AdminServer {
  const { clock, log, metrics } = env;
  const { control } = env.process;
  const routes = control ? routesFor(control, viewerEnv(env)) : [];
  return new AdminServer(address, {
    name,
    clock,
    log,
    ...shared,
    counts: adminCounts(metrics, name),
    routes: () => routes,
  });
}

/** A use of the directive; `text` is equal if address and options are. */
interface Use extends Pick<AdminOptions, 'name' | 'position' | 'address'> {
  readonly text: string;
}

/** Several blocks may name one address, if they say the same of it. @throws CorefileError at the second one otherwise */
function checkOthers({ name, position, token, readToken }: AdminOptions, address: AdminAddress, env: PluginEnv): void {
  const others = env.shared('admin', (): Use[] => []);
  // Relative paths begin at the root of their block.
  const text = JSON.stringify([address, ...[token, readToken].map((file) => file && env.path(file.path))]);
  for (const other of others) {
    if (!isSameSocket(address, other.address) || text === other.text) continue;
    const detail = `'admin ${other.name}' at ${printPosition(other.position)} has the same port and other options - name the address in one block`;
    throw new CorefileError(position, `plugin/admin: ${detail}, or write the same in both`);
  }
  others.push({ name, position, address, text });
}

function absolute(address: AdminAddress, env: PluginEnv): AdminAddress {
  return address.kind === 'unix' ? { ...address, path: env.path(address.path) } : address;
}

function protectionOf({ address, token, readToken }: AdminOptions, env: PluginEnv): Protection {
  const file = (option: TokenOption | undefined) => option && new TokenFile(env.path(option.path), env.log);
  return { isUnix: address.kind === 'unix', token: file(token), readToken: file(readToken) };
}

/** @throws CorefileError (as a rejection) for a file that holds no token */
async function loadToken(option: TokenOption | undefined, file: TokenFile | undefined): Promise<void> {
  try {
    await file?.read();
  } catch (thrown) {
    throw new CorefileError(option!.position, messageOf(thrown));
  }
}
