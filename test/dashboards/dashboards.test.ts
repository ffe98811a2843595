import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { startServer } from '../support/server.ts';
import { answerTo, startUpstream } from '../support/upstream.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MISSING = 'not there';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What the readers ask for, by reader: a series and its labels, `LABEL` or `LABEL=VALUE`. */
const lists = new Map(
  readFileSync(resolve(import.meta.dirname, 'metrics.txt'), 'utf8')
    .split(/^(?=\[)/m)
    .slice(1)
    .map((list) => {
      const [reader = '', ...lines] = list.trim().split('\n');
      return [reader.slice(1, -1), lines] as const;
    }),
);
const missing = lists.get(MISSING)!;
lists.delete(MISSING);

/** The samples on the metrics page of a server that has just answered queries of all kinds. */
async function samplesOfServer(): Promise<Sample[]> {
  const upstream = await startUpstream(({ message, reply }) => {
    const fails = message.questions[0]!.name.startsWith('fail.');
    reply(fails ? answerTo(message, [], { rcode: 2 }) : answerTo(message, ['www.example.org. 60 IN A 192.0.2.1']));
  });
  const { server, port } = await startServer(`. {
    bind 127.0.0.1
    prometheus 127.0.0.1:0
    kubernetes cluster.local {
      manifests ${ROOT}/examples/manifests
    }
    forward . ${upstream.endpoint}
    cache
  }`);
  for (const tcp of [false, true]) {
    for (const name of ['www.example.org', 'fail.example.org', 'web.shop.svc.cluster.local']) {
      await ask(port, name, 'A', { tcp });
    }
  }
  const page = await (await fetch(`http://127.0.0.1:${server.pagePort('127.0.0.1:0')}/metrics`)).text();
  await upstream.close();
  return [...page.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)].map(([, name = '', labels = '']) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value])),
  }));
}

function isAmong(samples: readonly Sample[], wanted: string): boolean {
  const [name, ...labels] = wanted.split(' ');
  return samples.some(
    (sample) =>
      sample.name === name &&
      labels.every((label) => {
        const [key = '', value] = label.split('=');
        return value === undefined ? Object.hasOwn(sample.labels, key) : sample.labels[key] === value;
      }),
  );
}

test('dashboards and alerts for CoreDNS find all that they read, but what docs/metrics.md says cannot be there', async () => {
  const samples = await samplesOfServer();
  expect([...lists.values()].map((wanted) => wanted.length)).toEqual([6, 17, 13, 14, 1]);
  for (const [reader, wanted] of lists) {
    expect(
      wanted.filter((one) => !isAmong(samples, one)),
      reader,
    ).toEqual([]);
  }
  const page = readFileSync(resolve(ROOT, 'docs/metrics.md'), 'utf8');
  expect(missing.filter((one) => isAmong(samples, one) || !page.includes(`\`${one}\``))).toEqual([]);
});
