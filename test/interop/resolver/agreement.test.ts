import { expect, test } from 'vitest';
import type { FailureCode, LookupResult } from '../../../src/resolver/result.ts';
import type { Settings } from '../../../src/resolver/settings.ts';
import type { StubName } from '../../../src/resolver/stub.ts';
import { canRun } from '../../support/tools.ts';
import { drivers } from './drivers.ts';
import { type Choice, generate, QUICK, SLOW } from './generate.ts';
import type { Seen } from './inside.ts';
import { ODD } from './odd.ts';
import { askedOf, predictScenario, printAsked } from './prediction.ts';
import { watch } from './real.ts';
import type { Scenario } from './scenario.ts';

/** A real resolver, and how what it prints of a look-up compares with what the library says of it. */
interface Real {
  readonly stub: StubName;
  readonly command: readonly string[] | undefined;
  readonly choice: Choice;
  readonly lines?: boolean;
  /** Whether it is a race in which order several servers are asked. */
  readonly race?: boolean;
  /** What the driver sets beside resolv.conf. */
  readonly override?: Partial<Settings>;
  readonly agrees: (printed: string, result: LookupResult) => boolean;
}

/** Which codes of getaddrinfo a failure may have. */
const EAI: Readonly<Record<string, readonly string[]>> = {
  '-2': ['ENOTFOUND', 'ENODATA', 'EBADNAME', 'EREFUSED', 'ENOTIMP'],
  '-3': ['ETIMEOUT', 'ESERVFAIL', 'EREFUSED', 'ENOTIMP'],
  '-5': ['ENODATA'],
};

function getaddrinfoAgrees(printed: string, result: LookupResult): boolean {
  const [code = '', ...addresses] = printed.split(' ');
  return result.ok ? code === '0' && sameAddresses(addresses, result) : (EAI[code]?.includes(result.code) ?? false);
}

function goAgrees(printed: string, result: LookupResult): boolean {
  return result.ok ? sameAddresses(printed.split(' ').slice(1), result) : printed.startsWith('error');
}

/** Each type stands for itself there, so only what was found is compared. */
function nodeAgrees(printed: string, result: LookupResult): boolean {
  return sameAddresses(
    printed.split(' ').filter((word) => !/^E[A-Z]+$/.test(word)),
    result,
  );
}

/** ares.h's codes. */
const ARES: Readonly<Record<string, FailureCode>> = {
  '1': 'ENODATA',
  '3': 'ESERVFAIL',
  '4': 'ENOTFOUND',
  '5': 'ENOTIMP',
  '6': 'EREFUSED',
  '8': 'EBADNAME',
  '12': 'ETIMEOUT',
};

function cAresAgrees(printed: string, result: LookupResult): boolean {
  const [code = '', ...addresses] = printed.split(' ');
  return result.ok ? code === '0' && sameAddresses(addresses, result) : ARES[code] === result.code;
}

function busyboxAgrees(printed: string, result: LookupResult): boolean {
  return printed.includes('no servers could be reached') === (!result.ok && result.code === 'ETIMEOUT');
}

function sameAddresses(addresses: readonly string[], result: LookupResult): boolean {
  const answers = result.ok ? result.answers : [];
  const found = answers.filter(({ type }) => type === 'A' || type === 'AAAA').map(({ data }) => String(data));
  return [...new Set(addresses)].sort().join() === [...new Set(found)].sort().join();
}

/** `rotate` of Go and c-ares is a race or chance: it has tables of its own. */
const FIXED = ['edns0', 'single-request', 'use-vc', 'trust-ad', 'no-aaaa', 'no-tld-query'];
/** musl waits a whole time-out at each server failure or refusal; and it is a race which server's reply counts. */
const PATIENT = { nxdomain: 12, nodata: 3, answer: 3, alias: 1, truncated: 2, lame: 1, servfail: 1, refused: 1 };

const reals: readonly Real[] = [
  { stub: 'glibc', command: drivers.glibc, choice: { count: 400, seed: 1, weights: QUICK }, agrees: getaddrinfoAgrees },
  // glibc waits for a silent server for ever, once it speaks TCP.
  {
    stub: 'glibc',
    command: drivers.glibc,
    choice: { count: 16, seed: 2, weights: SLOW, options: ['rotate', 'single-request', 'single-request-reopen'] },
    agrees: getaddrinfoAgrees,
  },
  {
    stub: 'musl-1.2.3',
    race: true,
    command: drivers.musl,
    choice: { count: 320, seed: 3, weights: PATIENT, alike: 'servers' },
    agrees: getaddrinfoAgrees,
  },
  {
    stub: 'musl-1.2.3',
    race: true,
    command: drivers.musl,
    choice: { count: 16, seed: 4, weights: SLOW, alike: 'servers' },
    agrees: getaddrinfoAgrees,
  },
  {
    stub: 'go',
    command: drivers.go,
    choice: { count: 400, seed: 5, weights: QUICK, options: FIXED },
    agrees: goAgrees,
  },
  { stub: 'go', command: drivers.go, choice: { count: 16, seed: 6, weights: SLOW, options: FIXED }, agrees: goAgrees },
  {
    stub: 'node',
    command: drivers.node,
    lines: true,
    override: { attempts: 2 },
    choice: { count: 400, seed: 7, weights: QUICK, options: FIXED },
    agrees: nodeAgrees,
  },
  {
    stub: 'node',
    race: true,
    command: drivers.node,
    lines: true,
    override: { attempts: 2 },
    choice: { count: 16, seed: 8, weights: SLOW, options: FIXED },
    agrees: nodeAgrees,
  },
  {
    stub: 'c-ares',
    race: true,
    command: drivers.cAres,
    lines: true,
    choice: { count: 400, seed: 11, weights: QUICK, options: FIXED, alike: 'all' },
    agrees: cAresAgrees,
  },
  {
    stub: 'c-ares',
    race: true,
    command: drivers.cAres,
    lines: true,
    choice: { count: 16, seed: 12, weights: SLOW, options: FIXED, alike: 'all' },
    agrees: cAresAgrees,
  },
  { stub: 'busybox', command: drivers.busybox, choice: { count: 400, seed: 9, weights: QUICK }, agrees: busyboxAgrees },
  {
    stub: 'busybox',
    command: drivers.busybox && [...drivers.busybox, '-timeout=1'],
    override: { timeoutMs: 1000 },
    choice: { count: 16, seed: 10, weights: SLOW },
    agrees: busyboxAgrees,
  },
];

const inNamespace = canRun('unshare', ['-rnm', 'sh', '-c', 'ip link set lo up']);

/** Lets the real resolver and the library look up the same and tells where they differ. */
async function compare(real: Real, scenarios: readonly Scenario[]): Promise<Difference[]> {
  const seen = await watch({ command: real.command!, lines: real.lines ?? false }, scenarios);
  expect(seen).toHaveLength(scenarios.length);
  return scenarios.flatMap((scenario, i) => difference(real, scenario, seen[i]!));
}

/** What waits for seconds comes first, all of it at once. */
const inOrder = reals.toSorted((one, other) => Number(isSlow(other)) - Number(isSlow(one)));

function isSlow({ choice }: Real): boolean {
  return choice.weights === SLOW;
}

/** A busy machine lets replies come late, mostly where servers are silent. Such a difference does not come each time. */
const REPETITIONS = 4;

for (const real of inOrder) {
  const { stub, command, choice } = real;
  const { count } = choice;
  const isThere = inNamespace && command !== undefined;
  const title = `${stub} asks what the library says, ${count} times${isSlow(real) ? ' with silent servers' : ''}`;
  test.runIf(isThere)(title, { concurrent: isSlow(real) }, async () => {
    let differences = await compare(real, generate(choice));
    const first = differences.length;
    for (let i = 0; i < REPETITIONS && differences.length > 0; i++) {
      differences = await compare(
        real,
        differences.map(({ scenario }) => scenario),
      );
    }
    expect(differences).toEqual([]);
    if (!isSlow(real)) expect(first).toBeLessThan(count / 20);
  });
  if (isSlow(real)) continue;
  test.runIf(isThere)(`${stub} takes odd names and files as the library says`, async () => {
    expect(await compare(real, ODD)).toEqual([]);
  });
}

/** Where `rotate` begins is chance: any beginning that explains what came is right. */
const BEGINNINGS = [0, 0.34, 0.67];

function difference(real: Real, scenario: Scenario, { asked, printed }: Seen): Difference[] {
  const { stub, override = {}, race = false } = real;
  const came = printAsked(asked, race);
  const predictions = BEGINNINGS.map((random) => predictScenario(stub, scenario, { random, override }));
  const said = predictions.map(({ trace }) =>
    printAsked(
      trace.map(({ query }) => askedOf(query)),
      race,
    ),
  );
  const i = said.findIndex((lines) => lines.join('\n') === came.join('\n'));
  if (i !== -1 && real.agrees(printed, predictions[i]!.result)) return [];
  const best = Math.max(i, 0);
  return [{ scenario, came, said: said[best]!, printed, result: predictions[best]!.result }];
}

interface Difference {
  readonly scenario: Scenario;
  readonly came: readonly string[];
  readonly said: readonly string[];
  readonly printed: string;
  readonly result: LookupResult;
}
