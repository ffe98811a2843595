import { expect, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { startServer } from '../support/server.ts';

const block = (view: string, address: string, more = '') => `. {
  bind 127.0.0.1
  ${view}
  ${more}
  prometheus 127.0.0.1:0
  hosts /dev/null {
    ${address} www.test
  }
}
`;

test('blocks with one key share its queries by view, and nothing that is kept goes to the wrong client', async () => {
  const corefile =
    block('view large {\nexpr bufsize() >= 2000\n}', '192.0.2.1') +
    block('view medium {\nexpr bufsize() >= 1000\n}', '192.0.2.2', 'cache 60') +
    block('', '192.0.2.3');
  const { port, server } = await startServer(corefile);
  const ofSize = async (udpSize: number) => (await ask(port, 'www.test', 'A', { udpSize })).answer;
  for (let i = 0; i < 4; i++) {
    expect([await ofSize(4096), await ofSize(1232), await ofSize(512)]).toEqual([
      ['192.0.2.1'],
      ['192.0.2.2'],
      ['192.0.2.3'],
    ]);
  }
  const requests = (await server.metrics.expose())
    .split('\n')
    .filter((line) => line.startsWith('coredns_dns_requests_total'));
  const labels = (view: string) =>
    `coredns_dns_requests_total{server="dns://127.0.0.1:0",zone=".",view="${view}",proto="udp",family="1",type="A"} 4`;
  expect(requests).toEqual([labels('large'), labels('medium'), labels('')]);
});

test('a look-up inside the server is chosen by view as well, and what is made of it is not kept for others', async () => {
  const inner = (view: string, address: string) =>
    `inner.test {\nbind 127.0.0.1\n${view}\nhosts /dev/null {\n${address} a.inner.test\n}\n}\n`;
  const { port } = await startServer(
    `test {
  bind 127.0.0.1
  cache
  template IN A {
    answer "{{ .Name }} 60 IN CNAME a.inner.test."
  }
}
${inner('view large {\nexpr bufsize() >= 2000\n}', '192.0.2.1')}${inner('', '192.0.2.2')}`,
  );
  const ofSize = async (udpSize: number) => (await ask(port, 'www.test', 'A', { udpSize })).answer.at(-1);
  for (let i = 0; i < 4; i++) expect([await ofSize(4096), await ofSize(1232)]).toEqual(['192.0.2.1', '192.0.2.2']);
});

test('a query that no view takes goes to the block of the zone above, and is refused if there is none', async () => {
  const views = (zone: string) => `${zone} {\nbind 127.0.0.1\nview none {\nexpr false\n}\nwhoami\n}\n`;
  const above = await startServer(`${views('a.test')}test {\nbind 127.0.0.1\nchaos\nerratic\n}`);
  expect((await ask(above.port, 'a.test', 'A')).answer).toEqual(['192.0.2.53']);
  const alone = await startServer(views('a.test'));
  expect((await ask(alone.port, 'a.test', 'A')).rcode).toBe('REFUSED');
});
