import { onTestFinished } from 'vitest';
import type { KubernetesObject } from './objects.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from './server.ts';

/** The stand-in, closed when the test is over. */
export async function testApi(options: ApiServerOptions = {}): Promise<ApiServer> {
  const api = await startApiServer(options);
  onTestFinished(() => api.close());
  return api;
}

export const service = (name: string, namespace = 'shop', labels?: Record<string, string>): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, ...(labels && { labels }) },
  spec: { clusterIP: '10.0.0.1', ports: [{ port: 80 }] },
});

export const namespace = (name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
});

export const pod = (name: string, phase?: string): KubernetesObject => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop' } },
  spec: { containers: [{ name: 'main', image: 'example/main' }] },
  ...(phase && { status: { phase } }),
});

export const slice = (name: string): KubernetesObject => ({
  ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name, namespace: 'shop' } },
  ...{ addressType: 'IPv4', endpoints: [] },
});

/** A list, a Status or an event's object, as far as the tests read it. */
export interface Body {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: Record<string, unknown> & { readonly continue?: string };
  readonly items: readonly { readonly metadata: { readonly name: string; readonly resourceVersion: string } }[];
  readonly message: string;
  readonly reason: string;
  readonly code: number;
}

export async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, text, body: (json ? JSON.parse(text) : {}) as Body };
}

export const names = ({ items }: Body) => items.map(({ metadata: { name } }) => name).join(' ');

/** Reads a watch line by line. */
export async function openWatch(url: string) {
  const response = await fetch(url);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  onTestFinished(() => reader.cancel().catch(() => {}));
  let text = '';
  /** The next line, what is left of one at the end, or undefined. */
  const line = async (): Promise<string | undefined> => {
    while (!text.includes('\n')) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
    }
    const [first = '', ...rest] = text.split('\n');
    text = rest.join('\n');
    return first === '' ? undefined : first;
  };
  /** The next `count` events as `TYPE name@version`. */
  const events = async (count: number) => {
    const read: string[] = [];
    for (let i = 0; i < count; i++) read.push(printEvent((await line()) ?? '{"type":"end"}'));
    return read.join(', ');
  };
  return { status: response.status, line, events };
}

function printEvent(line: string): string {
  const { type, object } = JSON.parse(line) as { type: string; object?: Body };
  if (object === undefined) return type;
  if (object.kind === 'Status') return `${type} ${object.code} ${object.reason}`;
  const { name = '', resourceVersion, annotations } = object.metadata as Record<string, unknown>;
  const mark = annotations && 'k8s.io/initial-events-end' in (annotations as object) ? '!' : '';
  return `${type} ${name}@${resourceVersion}${mark}`;
}
