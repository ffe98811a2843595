import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { startServer } from '../support/server.ts';

const CLUSTER = resolve(import.meta.dirname, '../acceptance/cluster.yaml');

const corefile = (metadata: string) => `. {
  bind 127.0.0.1
  ${metadata}
  log . "{name} {/kubernetes/namespace} {/kubernetes/service} {/kubernetes/endpoint} {/nobody/x}"
  kubernetes cluster.local {
    manifests ${CLUSTER}
  }
}`;

test.each([
  ['metadata', 'db-1.db.prod.svc.cluster.local. prod db db-1 -'],
  ['metadata prod.svc.cluster.local', 'db-1.db.prod.svc.cluster.local. prod db db-1 -'],
  ['metadata example.org', 'db-1.db.prod.svc.cluster.local. - - - -'],
  ['', 'db-1.db.prod.svc.cluster.local. - - - -'],
])('with "%s" the query log says so, also of an answer that is given again', async (metadata, line) => {
  const { port, lines, server } = await startServer(corefile(metadata));
  for (let i = 0; i < 4; i++) await ask(port, 'db-1.db.prod.svc.cluster.local', 'A');
  expect(await server.metrics.expose()).toMatch(/cairn_memo_hits_total\{.*\} 2/);
  expect(lines.filter((text) => text.includes('db-1'))).toEqual(Array(4).fill(`[INFO] ${line}`));
});

test.each([
  ['metadata', 'www.example.org. success NOERROR'],
  ['metadata example.org', 'www.example.org. success NOERROR'],
  ['metadata example.com', 'www.example.org. - -'],
])(
  'with "%s" the query log knows the class and the type of each response, given again or not',
  async (metadata, line) => {
    const { port, lines } = await startServer(`. {
    ${metadata}
    log . "{name} {/log/class} {/log/type}"
    hosts /dev/null {
      192.0.2.1 www.example.org
    }
  }`);
    for (let i = 0; i < 4; i++) await ask(port, 'www.example.org', 'A');
    expect(lines.filter((text) => text.includes('www'))).toEqual(Array(4).fill(`[INFO] ${line}`));
  },
);
