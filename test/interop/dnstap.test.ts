import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ask } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer } from '../support/server.ts';
import { frameStreamFile, startTapReader } from '../support/tap-reader.ts';
import { canRun, run } from '../support/tools.ts';
import { answering, startUpstream } from '../support/upstream.ts';

// It has no flag that says only what it is, but does not mind a file without contents.
const withDnstapRead = test.runIf(canRun('dnstap-read', ['/dev/null']));

/** What dnstap-read prints of the messages of a server, as `name: value` lines without those that begin with a time of day. */
async function printed(directives: string, use: (port: number) => Promise<unknown>, count: number) {
  const folder = folderWith({});
  const reader = await startTapReader(join(folder, 'tap.sock'));
  onTestFinished(() => reader.close());
  const tap = 'dnstap tap.sock full {\nidentity me\nversion v1\n}';
  const { port, lines } = await startServer(`. {\nroot ${folder}\nbind 127.0.0.1\n${tap}\n${directives}\n}\n`);
  await vi.waitFor(() => expect(lines.join()).toMatch(/connected to/), PATIENT);
  await use(port);
  await vi.waitFor(() => expect(reader.frames).toHaveLength(count), PATIENT);
  const file = join(folder, 'queries.tap');
  writeFileSync(file, frameStreamFile(reader.frames));
  const yaml = await run('dnstap-read', ['-y', file]);
  expect(yaml.stderr).toBe('');
  const messages = yaml.stdout.split(/^---$/m).map((text) => text.split('\n').map((line) => line.trim()));
  return { port, messages: messages.filter((lines) => lines.length > 2) };
}

withDnstapRead('dnstap-read prints a query, its way to an upstream, and the responses', async () => {
  const upstream = await startUpstream(answering(['www.example.org. 30 IN A 192.0.2.7']));
  onTestFinished(() => upstream.close());
  const { port, messages } = await printed(
    `forward . ${upstream.endpoint}`,
    (port) => ask(port, 'www.example.org', 'A', { udpSize: 1232 }),
    4,
  );
  const ends = [
    'socket_family: INET',
    'socket_protocol: UDP',
    'query_address: "127.0.0.1"',
    'response_address: "127.0.0.1"',
  ];
  const server = ['type: MESSAGE', 'identity: me', 'version: v1'];
  const question = "- 'www.example.org. IN A'";
  const answer = "- 'www.example.org. 30 IN A 192.0.2.7'";
  const expected = [
    ['type: CLIENT_QUERY', `response_port: ${port}`, 'message_size: 44b', question],
    [
      'type: FORWARDER_QUERY',
      `response_port: ${upstream.port}`,
      `query_port: ${upstream.received[0]!.peer.port}`,
      question,
    ],
    [
      'type: FORWARDER_RESPONSE',
      `response_port: ${upstream.port}`,
      `id: ${upstream.received[0]!.message.id}`,
      question,
      answer,
    ],
    ['type: CLIENT_RESPONSE', `response_port: ${port}`, 'flags: qr rd ra', question, answer],
  ];
  expect(messages).toHaveLength(4);
  for (const [i, lines] of expected.entries()) {
    expect(messages[i]).toEqual(expect.arrayContaining([...server, ...ends, ...lines]));
    const time = lines[0]!.endsWith('QUERY') ? /^query_time: !!timestamp / : /^response_time: !!timestamp /;
    expect(messages[i]!.some((line) => time.test(line))).toBe(true);
  }
});
