/*
 * The faults of docs/names-fail.md, made real: a server in a cluster of stand-ins, with clients that keep asking. Begin with FAULTS. The page has addresses
 * as in a cluster; in their place are those of the loopback interface.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { encode } from 'dns-packet';
import { Rcode } from '../../src/dns/message.ts';
import { apiNamespace, apiPod, apiService, apiSlice } from './api-objects.ts';
import { type ApiServer, startApiServer } from './api-server/index.ts';
import { exchangeUdp, questionPacket } from './ask.ts';
import { freePorts, Reader } from './reader.ts';
import { answering, type Script, type ScriptedUpstream, startUpstream } from './upstream.ts';

const API = '10.96.0.1:443';
const UPSTREAM = '192.0.2.53:53';
const SHOP = '10.244.1.17';
const BILLING = '10.244.2.23';
const PODS: Readonly<Record<string, string>> = { [SHOP]: '127.0.0.17', [BILLING]: '127.0.0.23' };

const OBJECTS = [
  ...['default', 'shop', 'billing'].map((name) => apiNamespace(name)),
  apiService('shop/web', '10.96.12.34'),
  apiSlice('shop/web', 'web-1', SHOP),
  apiService('shop/db', 'None'),
  apiSlice('shop/db', 'db-1', '10.244.2.20'),
  apiPod('shop/web-6d4b75cb6d-hx2vq', PODS[SHOP]!),
  apiPod('billing/report-7c9f8d6b5-4xk2p', PODS[BILLING]!),
];

const COREFILE = `.:1053 {
    admin localhost:9154
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        endpoint https://${API}
        pods verified
        fallthrough in-addr.arpa ip6.arpa
    }
    prometheus localhost:9153
    forward . ${UPSTREAM}
    cache 30
    loop
    reload 2s
}
operators.test:1053 {
    admin /run/cairn/admin.sock
}
`;

/** An upstream that has one name. */
const www = (address: string): Script => {
  const found = answering([`www.example.org. 300 A ${address}`]);
  const missing = answering([], { rcode: Rcode.NXDOMAIN });
  return (query) => (query.message.questions[0]?.name === 'www.example.org.' ? found : missing)(query);
};

/** What a section of the page is about. */
interface Fault {
  begin(stage: Stage): Promise<void>;
  /** What commands do that need a cluster, by what they have in them. */
  readonly commands?: Readonly<Record<string, (stage: Stage) => unknown>>;
}

/** By the heading of the section. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'A name of the cluster does not exist': { begin: withoutPods },
  'A Service without ready pods': {
    begin: withoutPods,
    commands: { 'patch service db': ({ api }) => api.put(apiSlice('shop/db', 'db-1', '10.244.2.20')) },
  },
  'A typing error': { begin: ({ serve }) => serve() },
  'An upstream does not answer': {
    async begin({ upstream, serve, keepAsking }) {
      upstream.on(() => {});
      await serve();
      keepAsking(SHOP, ['api.example.com']);
    },
    commands: { 'run ask': ({ upstream }) => upstream.on(www('192.0.2.80')) },
  },
  'An upstream refuses': {
    async begin({ upstream, serve, keepAsking }) {
      upstream.on(answering([], { rcode: Rcode.REFUSED }));
      await serve();
      keepAsking(SHOP, ['api.example.com']);
    },
    commands: { 'run ask': ({ upstream }) => upstream.on(www('192.0.2.80')) },
  },
  'The API server is away': {
    async begin({ api, serve }) {
      await serve();
      await api.set({ refuse: true });
      api.put(apiService('shop/cart', '10.96.40.2'));
    },
    commands: { 'get --raw /readyz': ({ api }) => api.set({ refuse: false }) },
  },
  'A right is missing': {
    async begin({ api, serve }) {
      await api.set({ forbidden: [{ resource: 'endpointslices' }] });
      await serve();
    },
    commands: { 'edit clusterrole': ({ api }) => api.set({ forbidden: [] }) },
  },
  'A program asks too much': {
    async begin({ serve, keepAsking }) {
      await serve();
      const domains = ['.billing.svc.cluster.local', '.svc.cluster.local', '.cluster.local', ''];
      keepAsking(
        BILLING,
        domains.map((domain) => `www.example.org${domain}`),
      );
    },
    commands: {
      'patch deployment report': ({ endClients, keepAsking }) => {
        endClients();
        keepAsking(BILLING, ['www.example.org']);
      },
    },
  },
  'A changed Corefile has a mistake': {
    async begin({ reader, serve }) {
      await serve();
      reader.save('Corefile', COREFILE.replace('pods verified', 'podz verified'));
    },
    commands: { 'edit configmap': ({ reader }) => reader.save('Corefile', COREFILE) },
  },
  'A forwarding loop': {
    async begin({ reader, serve }) {
      reader.save('Corefile', COREFILE.replace(UPSTREAM, '127.0.0.1:1053'));
      await serve();
    },
    commands: { 'edit configmap': ({ reader }) => reader.save('Corefile', COREFILE) },
  },
  'An old answer': {
    async begin({ upstream, serve, ask }) {
      await serve();
      await ask(SHOP, 'www.example.org');
      upstream.on(www('192.0.2.81'));
    },
  },
};

async function withoutPods({ api, serve }: Stage): Promise<void> {
  api.put(apiSlice('shop/db', 'db-1', ''));
  await serve();
}

/** A cluster of stand-ins with one fault, and a reader of the page who looks at its server. */
export class Stage implements AsyncDisposable {
  readonly reader: Reader;
  readonly api: ApiServer;
  readonly upstream: ScriptedUpstream;
  /** Which commands of the fault were performed. */
  readonly performed: string[] = [];
  private readonly fault: Fault;
  private asking = new AbortController();

  private constructor(fault: Fault, reader: Reader, api: ApiServer, upstream: ScriptedUpstream) {
    this.fault = fault;
    this.reader = reader;
    this.api = api;
    this.upstream = upstream;
  }

  static async create(fault: Fault): Promise<Stage> {
    const [port = 0, upstreamPort = 0] = await freePorts(2);
    const api = await startApiServer({ objects: OBJECTS, port });
    const upstream = await startUpstream(www('192.0.2.80'), undefined, { address: '127.0.0.1', port: upstreamPort });
    const names = { [`https://${API}`]: api.url, [API]: `127.0.0.1:${port}`, [UPSTREAM]: upstream.endpoint };
    const stage = new Stage(fault, await Reader.create({ ...PODS, ...names }), api, upstream);
    stage.reader.save('Corefile', COREFILE);
    return stage;
  }

  /** Starts the server, and makes the fault. */
  async begin(): Promise<void> {
    await this.fault.begin(this);
  }

  /** Does what a command would do to a cluster. */
  async perform(command: string): Promise<void> {
    for (const [part, effect] of Object.entries(this.fault.commands ?? {})) {
      if (!command.includes(part)) continue;
      this.performed.push(part);
      await effect(this);
    }
  }

  readonly serve = () => this.reader.serve('cairn -conf Corefile');

  readonly ask = (pod: string, name: string) => {
    const packet = encode(questionPacket(name, 'A'));
    return exchangeUdp('127.0.0.1', Number(this.reader.inPlaceOf('1053')), packet, PODS[pod]);
  };

  /** Lets a pod ask for names in turn until the clients end. */
  readonly keepAsking = (pod: string, names: readonly string[]) => {
    const { signal } = this.asking;
    void (async () => {
      while (!signal.aborted)
        for (const name of names) {
          const answered = this.ask(pod, name).catch(() => {});
          await Promise.race([answered, pause(500)]);
          await pause(20);
        }
    })();
  };

  readonly endClients = () => {
    this.asking.abort();
    this.asking = new AbortController();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.endClients();
    await this.reader[Symbol.asyncDispose]();
    await Promise.all([this.api.close(), this.upstream.close()]);
  }
}
