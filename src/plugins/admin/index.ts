import { once as onceHappens } from 'node:events';
import { atMostArgs, noBlock, once } from '../../corefile/arguments.ts';
import { parseListenAddress } from '../../net/pages/http.ts';
import { pageAddress } from '../../plugin/arguments.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { createAdminServer } from './http.ts';
import { routesFor } from './routes/index.ts';
import { viewerEnv } from './viewers.ts';

interface AdminOptions {
  readonly address: string;
}

/** Serves the admin interface, over which a running server is seen and steered. */
export default definePlugin<AdminOptions>({
  name: 'admin',
  dependsOn: 'question',

  parse(uses) {
    const directive = once(uses);
    noBlock(directive);
    return { address: pageAddress(atMostArgs(directive, 1)[0], 'localhost:9154') };
  },

  create({ address }, env) {
    const server = env.keep(address, () => {
      const { control } = env.process;
      const viewers = viewerEnv(env);
      const http = createAdminServer(() => (control ? routesFor(control, viewers) : []));
      return { http, stop: () => void http.close() };
    });
    return {
      async start() {
        if (server.http.listening) return;
        const target = parseListenAddress(address);
        server.http.listen(target.port, target.address);
        await onceHappens(server.http, 'listening');
      },
    };
  },
});
