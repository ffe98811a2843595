import { beforeAll, describe, expect, test } from 'vitest';
import {
  type AcceptanceRow,
  acceptanceRows,
  EXAMPLES,
  exampleRows,
  startAcceptance,
  startExample,
} from '../support/acceptance.ts';
import { canRun, run } from '../support/tools.ts';

let port: string;

beforeAll(async () => {
  const running = await startAcceptance();
  port = String(running.port);
  return running.stop;
});

const withDig = canRun('dig', ['-v']);
const withNslookup = canRun('nslookup', ['-version']);
/** It prints these as they are in the table. */
const NSLOOKUP_KNOWS = /^(?:A|AAAA|CNAME|MX|NS|PTR|SRV|TXT)$/;

const overBoth = acceptanceRows.flatMap((row) =>
  (['+notcp', '+tcp'] as const).map((protocol) => ({ ...row, protocol })),
);

test.runIf(withDig).each(overBoth)('dig $protocol: $text', async ({ name, type, rcode, answers, protocol }) => {
  const args = ['@127.0.0.1', '-p', port, protocol, '+tries=1', '+noall', '+answer', '+comments', `${name}.`, type];
  const { stdout, stderr } = await run('dig', args);
  expect(stderr).toBe('');
  expect(/status: (\w+)/.exec(stdout)?.[1]).toBe(rcode);
  const records = stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
  expect(records.map((line) => line.split(/\s+/).slice(4).join(' ')).toSorted()).toEqual(answers);
  expect(stdout).not.toMatch(/malformed|mismatch|unexpected source|truncated/i);
});

test.runIf(withNslookup).each(acceptanceRows)('nslookup: $text', (row) => lookUp(row, port));

describe.each(EXAMPLES)('examples/%s', (example) => {
  let ports: ReadonlyMap<string, number>;

  beforeAll(async () => {
    const running = await startExample(example);
    ports = running.ports;
    return running.stop;
  });

  const rows = exampleRows.filter((row) => row.example === example && NSLOOKUP_KNOWS.test(row.type));
  test.runIf(withNslookup).each(rows)('nslookup at $port: $text', (row) => lookUp(row, String(ports.get(row.port))));
});

async function lookUp({ name, type, rcode, answers }: AcceptanceRow, port: string): Promise<void> {
  const { stdout } = await run('nslookup', [`-port=${port}`, `-type=${type}`, '-nosearch', `${name}.`, '127.0.0.1']);
  if (rcode !== 'NOERROR') expect(stdout).toContain(`: ${rcode}`);
  else if (answers.length === 0) expect(stdout).toMatch(/No answer/);
  for (const answer of answers) expect(stdout).toContain(type === 'PTR' ? `name = ${answer}` : answer);
}
