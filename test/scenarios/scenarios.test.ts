import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { UDP_VARIABLE } from '../../src/net/udp/udp.ts';
import { parseScenarios } from '../support/scenario/parse.ts';
import { play } from '../support/scenario/play.ts';

const HERE = import.meta.dirname;

beforeAll(() => {
  // The batched kind waits in a thread of its own, and the scenarios could not tell when all is quiet.
  process.env[UDP_VARIABLE] = 'portable';
});

const files = readdirSync(HERE).filter((name) => name.endsWith('.txt'));

describe.each(files)('%s', (file) => {
  const scenarios = parseScenarios(file, readFileSync(join(HERE, file), 'utf8'));
  test.each(scenarios.map((scenario) => [scenario.title, scenario] as const))('%s', (_, scenario) => play(scenario));
});

const START = `=== x
corefile
    . {
        forward . {$up}
    }
`;

describe('what does not come true', () => {
  test.each([
    ['ask a. A\nup receives b. A', "x:7: up receives b. A: expected 'a. A' to be 'b. A'"],
    ['ask a. A\nup receives a. A +tcp', "x:7: up receives a. A +tcp: expected 'a. A' to be 'a. A +tcp'"],
    ['ask a. A\nup receives a. A\nup answers REFUSED\nexpect NOERROR', 'x:9: expect NOERROR: expected'],
    ['ask a. A\nadvance 1s', 'x:7: advance 1s: up has received a. A, which is not foreseen'],
    ['ask a. A\nup receives nothing', 'x:7: up receives nothing: up has received a. A'],
    ['ask a. A\nup receives a. A\nup answers REFUSED\nexpect nothing', 'x:9: expect nothing: expected'],
    ['up answers NOERROR', 'x:6: up answers NOERROR: the upstream has received nothing'],
    ['ask a. A\nup receives a. A', "1 questions at the end have no 'expect'"],
    ['expect NOERROR', 'x:6: expect NOERROR: nobody has asked'],
    ['logs boo', 'x:6: logs boo: the log does not say so'],
    ['metric cairn_nothing 1', 'x:6: metric cairn_nothing 1: expected [] to include'],
    ['ask a. A +fast', "x:6: ask a. A +fast: '+fast' is no flag of a question"],
    ['down receives a. A', 'x:6: down receives a. A: no corefile or file names an upstream {$down}'],
    ['hope for the best', 'x:6: hope for the best: expecting corefile, file, ask, expect, advance'],
  ])('%j', async (steps, message) => {
    const [scenario] = parseScenarios('x', START + steps);
    await expect(play(scenario!)).rejects.toThrow(message);
  });
});
