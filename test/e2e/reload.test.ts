import { expect, onTestFinished, test, vi } from 'vitest';
import { ask } from '../support/ask.ts';
import { fakeClock } from '../support/clock.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer } from '../support/server.ts';
import { answering, answerTo, startUpstream } from '../support/upstream.ts';

const hosts = (address: string, more = '') => `. {
    hosts /dev/null {
      ${address} www.example.org
    }
    ${more}
  }`;

test('after a reload the same port gives the new answers', async () => {
  const running = await startServer(hosts('192.0.2.1'));
  const { port, server, lines } = running;
  running.rewrite(hosts('192.0.2.2'));
  expect(await server.reload()).toBe('reloaded');
  expect(running.port).toBe(port);
  expect((await ask(port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.2']);
  expect(lines.slice(-2)).toEqual(['[INFO] Reloading', '[INFO] Reloading complete']);
});

test.each([
  [
    'a Corefile with an error',
    hosts('192.0.2.2', 'nosuch'),
    /Restart failed: Corefile:5:5 .*Unknown directive 'nosuch'/,
  ],
  [
    'a plugin that cannot start',
    hosts('192.0.2.2', 'forward . /dev/null'),
    /Restart failed: .*plugin\/forward: no valid upstream/,
  ],
  [
    'an address that the machine does not have',
    hosts('192.0.2.2', 'bind 192.0.2.77'),
    /Restart failed: cannot listen on/,
  ],
])('%s leaves what was served in place', async (_, broken, message) => {
  const running = await startServer(hosts('192.0.2.1'));
  running.rewrite(broken);
  expect(await running.server.reload()).toBe('failed');
  expect(running.lines.at(-1)).toMatch(message);
  expect((await ask(running.port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.1']);
  expect(await running.server.metrics.expose()).toMatch(/^coredns_reload_failed_total 1$/m);
});

test('the cache outlives a reload that does not concern it', async () => {
  const upstream = await startUpstream(answering(['www.example.org. 300 A 192.0.2.9']));
  onTestFinished(() => upstream.close());
  const text = `. {
    cache
    forward . ${upstream.endpoint}
  }`;
  const running = await startServer(text);
  await ask(running.port, 'www.example.org', 'A');
  running.rewrite(`${text}\nother.org {\nwhoami\n}`);
  expect(await running.server.reload()).toBe('reloaded');
  await ask(running.port, 'www.example.org', 'A');
  expect(upstream.received).toHaveLength(1);
});

test('queries that wait for an upstream get their reply from the old chain', async () => {
  const upstream = await startUpstream((query) => {
    if (query.index > 0) query.reply(answerTo(query.message, [], { rcode: 2 }));
  });
  onTestFinished(() => upstream.close());
  const running = await startServer(`. {\nforward . ${upstream.endpoint}\n}`);
  const waiting = ask(running.port, 'www.example.org', 'A');
  const query = await upstream.query(0);
  running.rewrite(hosts('192.0.2.2'));
  const reloading = running.server.reload();
  await vi.waitFor(async () => {
    expect((await ask(running.port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.2']);
  }, PATIENT);
  query.reply({ ...query.message, qr: true, ra: true });
  expect((await waiting).rcode).toBe('NOERROR');
  expect(await reloading).toBe('reloaded');
});

test('listeners and pages that the new Corefile does not name are closed, others stay open', async () => {
  const running = await startServer(`${hosts('192.0.2.1', 'health 127.0.0.1:0')}
  example.com {
    bind 127.0.0.1
    whoami
  }`);
  const { server } = running;
  expect(server.listening).toHaveLength(2);
  const health = server.pagePort('127.0.0.1:0');
  expect(await (await fetch(`http://127.0.0.1:${health}/health`)).text()).toBe('OK');
  const closed = server.listening[1]!.port;
  running.rewrite(hosts('192.0.2.1'));
  await server.reload();
  expect(server.listening).toHaveLength(1);
  await expect(ask(closed, 'example.com', 'A', { tcp: true })).rejects.toThrow(/ECONNREFUSED/);
  await expect(fetch(`http://127.0.0.1:${health}/health`)).rejects.toThrow();
});

test('the reload plugin loads a changed Corefile, reports a broken one once, and tries again when it changes', async () => {
  const text = (address: string, more = '') => hosts(address, `reload 2s 0s\n${more}`);
  const clock = fakeClock();
  const running = await startServer(text('192.0.2.1'), { clock });
  const { server, lines } = running;
  const failures = () => lines.filter((line) => line.includes('Restart failed')).length;
  const look = async () => {
    clock.advance(2000);
    await server.settled();
  };
  running.rewrite(text('192.0.2.1', 'nosuch'));
  await look();
  expect(failures()).toBe(1);
  await look();
  expect(failures()).toBe(1);
  running.rewrite(text('192.0.2.2'));
  await look();
  expect((await ask(running.port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.2']);
});

test('a port moves from one address to all and back', async () => {
  const { port: free, server } = await startServer('. {\nwhoami\n}');
  await server.shutdown();
  const narrow = hosts('192.0.2.1', 'bind 127.0.0.1').replace('.', `.:${free}`);
  const wide = hosts('192.0.2.2').replace('.', `.:${free}`);
  const running = await startServer(narrow);
  for (const [text, address] of [
    [wide, '192.0.2.2'],
    [narrow, '192.0.2.1'],
  ] as const) {
    running.rewrite(text);
    expect(await running.server.reload()).toBe('reloaded');
    expect((await ask(free, 'www.example.org', 'A')).answer).toEqual([address]);
  }
  running.rewrite(`${wide}\nexample.com {\nbind 192.0.2.77\nwhoami\n}`);
  expect(await running.server.reload()).toBe('failed');
  expect((await ask(free, 'www.example.org', 'A')).answer).toEqual(['192.0.2.1']);
});

test('two servers cannot listen on one port: the second says which, and what to do', async () => {
  const { port } = await startServer(hosts('192.0.2.1'));
  await expect(startServer(`.:${port} {\nwhoami\n}`)).rejects.toThrow(/cannot listen on .*already in use/);
});

test('a block for all other addresses joins a port that one address has, and leaves it', async () => {
  const { port: free, server } = await startServer('. {\nwhoami\n}');
  await server.shutdown();
  const narrow = hosts('192.0.2.1', 'bind 127.0.0.1').replace('.', `.:${free}`);
  const running = await startServer(narrow);
  for (const text of [`${narrow}\nexample.com:${free} {\nwhoami\n}`, narrow]) {
    running.rewrite(text);
    expect(await running.server.reload()).toBe('reloaded');
    expect((await ask(free, 'www.example.org', 'A')).answer).toEqual(['192.0.2.1']);
  }
});

test('a second block with the same health page may come and go with reloads', async () => {
  const one = 'a. {\nhealth 127.0.0.1:0\nwhoami\n}\n';
  const running = await startServer(one);
  const health = async () => (await fetch(`http://127.0.0.1:${running.server.pagePort('127.0.0.1:0')}/health`)).text();
  for (const text of [one + one.replace('a.', 'b.'), one.replace('a.', 'b.'), one]) {
    running.rewrite(text);
    expect(await running.server.reload()).toBe('reloaded');
    expect(await health()).toBe('OK');
  }
});

test('a page whose address is taken is logged, and DNS served; the page is, too, once the address is free', async () => {
  const taken = await startServer('. {\nhealth 127.0.0.1:0\nwhoami\n}');
  const address = `127.0.0.1:${taken.server.pagePort('127.0.0.1:0')}`;
  const clock = fakeClock();
  const { server, port, lines } = await startServer(hosts('192.0.2.1', `prometheus ${address}`), { clock });
  const refused = /\[ERROR\] \/metrics will not be served: .*already in use/;
  expect(lines).toContainEqual(expect.stringMatching(refused));
  expect((await ask(port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.1']);
  clock.advance(1000);
  await taken.server.shutdown();
  await vi.waitFor(() => {
    clock.advance(1000);
    expect(server.pagePort(address)).toBeDefined();
  }, PATIENT);
  expect((await fetch(`http://${address}/metrics`)).status).toBe(200);
  expect(lines.filter((line) => refused.test(line))).toHaveLength(1);
  expect(lines).toContain(`[INFO] /metrics at ${address} is served now`);
});

test('shutdown answers what is in flight, then nothing', async () => {
  const upstream = await startUpstream();
  onTestFinished(() => upstream.close());
  const { port, server } = await startServer(`. {\nforward . ${upstream.endpoint}\n}`);
  const waiting = ask(port, 'www.example.org', 'A');
  const query = await upstream.query(0);
  const done = server.shutdown();
  query.reply({ ...query.message, qr: true, ra: true });
  expect((await waiting).rcode).toBe('NOERROR');
  await done;
  await expect(ask(port, 'www.example.org', 'A', { tcp: true })).rejects.toThrow(/ECONNREFUSED/);
});
