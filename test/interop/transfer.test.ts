import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { startServer } from '../support/server.ts';
import { canRun, run } from '../support/tools.ts';

const CLUSTER = resolve(import.meta.dirname, '../acceptance/cluster.yaml');

const corefile = (to: string) => `. {
  bind 127.0.0.1
  errors
  transfer {
    to ${to}
  }
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    manifests ${CLUSTER}
    ttl 30
  }
}`;

async function dig(port: number, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('dig', [
    '@127.0.0.1',
    '-p',
    `${port}`,
    '+tries=1',
    '+noall',
    '+answer',
    '+comments',
    ...args,
  ]);
  expect(stderr).toBe('');
  expect(stdout).not.toMatch(/malformed|mismatch|unexpected|failed/i);
  return stdout;
}

const recordsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => line.replaceAll(/\s+/g, ' '));

describe.runIf(canRun('dig', ['-v']))('dig', () => {
  test.each(['cluster.local.', 'in-addr.arpa.', 'ip6.arpa.'])(
    'has a copy of %s, every record of which is answered',
    async (zone) => {
      const { port } = await startServer(corefile('127.0.0.1'));
      const records = recordsOf(await dig(port, zone, 'AXFR'));
      expect([records[0], records.at(-1)]).toEqual(Array(2).fill(expect.stringContaining(' IN SOA ')));
      const content = records.slice(0, -1);
      expect(new Set(content).size).toBe(content.length);
      expect(content.length).toBeGreaterThan(zone === 'ip6.arpa.' ? 3 : 15);
      const questions = Object.groupBy(content, (line) => line.replace(/^(\S+) \d+ IN (\S+) .*$/, '$1 $2'));
      for (const [question, rrset] of Object.entries(questions)) {
        const [name = '', type = ''] = question.split(' ');
        const { answer } = await ask(port, name, type);
        expect([question, answer.toSorted()]).toEqual([
          question,
          rrset!.map((line) => line.split(' ').slice(4).join(' ')).toSorted(),
        ]);
      }
    },
  );

  test('asks for what is new with IXFR', async () => {
    const { port } = await startServer(corefile('*'));
    const serial = Number((await ask(port, 'cluster.local', 'SOA')).answer[0]!.split(' ')[2]);
    expect(recordsOf(await dig(port, 'cluster.local', `IXFR=${serial}`))).toHaveLength(1);
    expect(recordsOf(await dig(port, 'cluster.local', `IXFR=${serial - 1}`)).length).toBeGreaterThan(15);
    expect(recordsOf(await dig(port, '+notcp', 'cluster.local', `IXFR=${serial - 1}`))).toHaveLength(1);
  });

  test('is refused if it may not have the zone', async () => {
    const { port, lines } = await startServer(corefile('192.0.2.1'));
    const { stdout } = await run('dig', ['@127.0.0.1', '-p', `${port}`, '+tries=1', 'cluster.local', 'AXFR']);
    expect(stdout).toContain('Transfer failed');
    expect(lines.at(-1)).toMatch(
      /5 cluster\.local\. AXFR: AXFR of cluster\.local\. by 127\.0\.0\.1:\d+: the client is not among those of 'to'$/,
    );
  });
});
