import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type ManifestError, readFileContent, readManifests } from './file.ts';

const read = (text: string, file = 'a.yaml') => readManifests(file, new TextEncoder().encode(text));
const problemsOf = (text: string) =>
  read(text).then(
    () => [],
    (thrown: unknown) => (thrown as ManifestError).problems,
  );

/** What was read and where it stands. */
async function listed(text: string): Promise<string[]> {
  const manifests = await read(text);
  return manifests.map(({ kind, namespace, name, place }) => `${kind} ${namespace}/${name} ${place}`);
}

const POD = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: ';

/** The layout of `kubectl get -o yaml`. */
const KUBECTL = `apiVersion: v1
items:
- apiVersion: v1
  kind: Service
  metadata:
    annotations:
      note: |
        first
        - second
    name: web
    namespace: prod
  spec:
    clusterIP: 10.96.0.1
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: other
- apiVersion: v1
  kind: Namespace
  metadata:
    name: prod
kind: List
metadata:
  resourceVersion: ""
`;

describe('a file', () => {
  test.each([
    ['of one document', `${POD}a`, ['Pod default/a a.yaml:1:1']],
    [
      'of several',
      `${POD}a\n---\n${POD}b\n---\n# nothing\n---\n`,
      ['Pod default/a a.yaml:1:1', 'Pod default/b a.yaml:6:1'],
    ],
    [
      'with Windows line ends',
      `---\r\n${POD}a\r\n---\r\n\r\n${POD}b\r\n`,
      ['Pod default/a a.yaml:2:1', 'Pod default/b a.yaml:8:1'],
    ],
    ['with comments first', `# one\n\n---\n# two\n${POD}a`, ['Pod default/a a.yaml:5:1']],
    ['with a directive', `%YAML 1.2\n---\n${POD}a\n`, ['Pod default/a a.yaml:1:1']],
    ['of a byte order mark and one document', `\uFEFF${POD}a`, ['Pod default/a a.yaml:1:1']],
    ['of nothing', '', []],
    ['of comments', '# nothing\n', []],
    [
      'of other kinds',
      'apiVersion: apps/v1\nkind: DaemonSet\n---\napiVersion: serving.knative.dev/v1\nkind: Service\n',
      [],
    ],
    ["of kubectl's list", KUBECTL, ['Service prod/web a.yaml:3:3', 'Namespace /prod a.yaml:18:3']],
    [
      'of an indented list',
      'kind: List\napiVersion: v1\nitems:\n  - apiVersion: v1\n    kind: Pod\n    metadata: {name: a}\n  # two\n  - {apiVersion: v1, kind: Pod, metadata: {name: b}}\n',
      ['Pod default/a a.yaml:4:5', 'Pod default/b a.yaml:8:5'],
    ],
    [
      'of a list with dashes alone',
      'apiVersion: v1\nitems:\n-\n  apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n-\n  {apiVersion: v1, kind: Pod, metadata: {name: b}}\nkind: List\n',
      ['Pod default/a a.yaml:4:3', 'Pod default/b a.yaml:8:3'],
    ],
    [
      'of a list that shares parts',
      'apiVersion: v1\nkind: List\nitems:\n- &pod {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- <<: *pod\n  metadata: {name: b}\n',
      ['Pod default/a a.yaml:1:1 items[0]', 'Pod default/b a.yaml:1:1 items[1]'],
    ],
    [
      'of a typed list',
      'apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n',
      ['Pod default/a a.yaml:1:1 items[0]'],
    ],
    [
      'of JSON',
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }],
      }),
      ['Pod default/a a.yaml:1:43'],
    ],
  ])('%s', async (_, text, expected) => {
    expect(await listed(text)).toEqual(expected);
  });

  test("in kubectl's layout keeps what stands in block text", async () => {
    const [service] = await read(KUBECTL);
    expect(service).toMatchObject({ record: { clusterIPs: ['10.96.0.1'] } });
  });
});

describe('a mistake is told with its place', () => {
  test.each([
    ['bad syntax', `${POD}a\n---\nkind: [`, /^a\.yaml:6:8: /],
    ['bad syntax in much JSON', `[${'{"a": 1},\n'.repeat(300_000)}x`, /^a\.yaml:1:1: Unexpected token 'x'/],
    ['no colon in much JSON', `[${'{"a": 1},\n'.repeat(300_000)}{"a" 1}]`, /^a\.yaml:300001:6: Expected ':'/],
    ['bad syntax in JSON', '{"apiVersion": "v1",\n "kind" "Pod"}', /^a\.yaml:2:\d+: /],
    ['two keys of one name', `${POD}a\nkind: Pod\n`, /^a\.yaml:5:1: Map keys must be unique/],
    [
      'a bad field',
      `${POD}a\n---\n${POD}b\nstatus:\n  podIP: x\n`,
      'a.yaml:11:10: Pod b: status.podIP is "x", it should be an IP address',
    ],
    [
      'a misspelt kind',
      'apiVersion: v1\nkind: Servce\nmetadata: {name: a}\n',
      'a.yaml:2:7: Servce a: kind is unknown; did you mean Service?',
    ],
    [
      'an API version that the kind does not have',
      'apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: a}\n',
      'a.yaml:1:13: Deployment a: apiVersion is "extensions/v1beta1", it should be apps/v1',
    ],
    [
      'a missing field',
      `${POD}a\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  labels: {}\n`,
      /^a\.yaml:9:3: Pod \(without a name\): metadata\.name is missing/,
    ],
    [
      'a bad field in a list',
      KUBECTL.replace('10.96.0.1', 'x'),
      'a.yaml:13:16: Service prod/web: spec.clusterIP is "x", it should be an IP address',
    ],
    [
      'a bad field in JSON',
      '{"apiVersion": "v1", "kind": "List", "items": [\n {"apiVersion": "v1", "kind": "Pod",\n  "metadata": {"name": 7}}]}',
      'a.yaml:3:24: Pod (without a name): metadata.name is 7, it should be text: put it into quotes',
    ],
    [
      'no kind',
      'replicas: 3\n',
      'a.yaml:1:1: object (without a name): has no apiVersion and kind: this is not a Kubernetes object',
    ],
    [
      'no kind in a list',
      'apiVersion: v1\nkind: List\nitems:\n- metadata: {name: a}\n',
      'a.yaml:4:3: object a: has no apiVersion and kind: this is not a Kubernetes object',
    ],
    [
      'a bomb',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((c, i) => `${c}: &${c} [${Array(10).fill(`*${'abcdefg'[i]}`)}]`)
        .join('\n')}`,
      /^a\.yaml:1:1: Excessive alias count/,
    ],
  ])('%s', async (_, text, problem) => {
    expect(await problemsOf(text)).toEqual([typeof problem === 'string' ? problem : expect.stringMatching(problem)]);
  });

  test('all mistakes of a file at once, up to a bound', async () => {
    const bad = (name: string) => `${POD}${name}\nstatus: {podIP: x}\n---\n`;
    expect(await problemsOf(bad('a') + bad('b'))).toHaveLength(2);
    expect(await problemsOf(bad('a').repeat(50))).toHaveLength(10);
  });

  test('bytes that are not UTF-8', async () => {
    await expect(readManifests('a.yaml', Uint8Array.of(0x61, 0xff))).rejects.toThrow('a.yaml: is not UTF-8 text');
  });
});

test('other work gets its turn between the items of a list, also if they are broken', async () => {
  // Every step takes too long.
  let nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 10));
  onTestFinished(() => void vi.restoreAllMocks());
  let turns = 0;
  const count = () => {
    turns++;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  const text = `{"apiVersion":"v1","kind":"List","items":[${Array(300).fill('{}').join()}]}`;
  const { moreMistakes } = await readFileContent('a.json', new TextEncoder().encode(text));
  clearImmediate(next);
  expect(moreMistakes).toBe(290);
  expect(turns).toBeGreaterThanOrEqual(300);
});

test('the apiVersion of a list must not be empty, whether it is split or not', async () => {
  const text = '{"apiVersion":"","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}]}';
  for (const each of [text, ' '.repeat(2000) + text]) {
    await expect(readManifests('a.json', new TextEncoder().encode(each))).rejects.toThrow('no apiVersion and kind');
  }
});
