import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { Access } from './access/access.ts';

/** An unused connection is closed after this time, as it may be dead when it is needed. */
const FREE_SOCKET_MS = 5000;

/** The HTTP agent for the present credentials; new credentials get a new agent. */
export class AgentOfAccess {
  private key = '';
  private agent: Agent | undefined;

  get({ tls, proxy }: Access, { protocol }: URL): Agent {
    const key = JSON.stringify([protocol, tls, proxy]);
    if (this.agent && key === this.key) return this.agent;
    this.close();
    this.key = key;
    const options = { keepAlive: true, timeout: FREE_SOCKET_MS, maxFreeSockets: 4, scheduling: 'lifo' } as const;
    const proxyEnv = proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } };
    this.agent =
      protocol === 'https:'
        ? new TlsAgent({ ...options, ...proxyEnv, ...tls })
        : new Agent({ ...options, ...proxyEnv });
    return this.agent;
  }

  /** Watches under way go on; their connections end with them. */
  close(): void {
    for (const sockets of Object.values(this.agent?.freeSockets ?? {})) {
      for (const socket of sockets ?? []) socket.destroy();
    }
    this.agent = undefined;
  }
}
