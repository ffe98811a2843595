import { expect, test } from 'vitest';
import { directives } from '../../../test/support/directive.ts';
import { parseContext, warningsOf } from '../../../test/support/plugin.ts';
import kubernetes from './index.ts';
import { parseKubernetes } from './options.ts';

const parse = (...lines: string[]) =>
  parseKubernetes(directives(`kubernetes {\n${lines.join('\n')}\n}`), parseContext(['cluster.local.']));
const NONE = { qps: 0, burst: 0, maxInflight: 0 };
const P = ' - Error during parsing:';
const ARGS = 'Wrong argument count or unexpected line ending after';

test.each([
  [[], { connection: undefined, limits: NONE, manifests: [] }],
  [['kubeconfig a'], { connection: { kind: 'kubeconfig', file: 'a' } }],
  [['kubeconfig a dev'], { connection: { kind: 'kubeconfig', file: 'a', context: 'dev' } }],
  [['endpoint https://[::1]:6443'], { connection: { kind: 'endpoint', url: 'https://[::1]:6443' } }],
  [['endpoint api.test:8080'], { connection: { kind: 'endpoint', url: 'http://api.test:8080' } }],
  [
    ['endpoint https://a', 'tls c.pem k.pem ca.pem'],
    { connection: { kind: 'endpoint', url: 'https://a', tls: { cert: 'c.pem', key: 'k.pem', ca: 'ca.pem' } } },
  ],
  [
    ['endpoint https://a https://b'],
    {
      connection: { kind: 'endpoint', url: 'https://a' },
    },
  ],
  [
    ['endpoint https://a', 'tls c k ca', 'kubeconfig f'],
    {
      connection: { kind: 'kubeconfig', file: 'f' },
    },
  ],
  [
    ['apiserver_qps 2.5', 'apiserver_burst 7', 'apiserver_max_inflight 3'],
    { limits: { qps: 2.5, burst: 7, maxInflight: 3 } },
  ],
])('%j', (lines, expected) => {
  expect(parse(...lines)).toMatchObject(expected);
});

test.each([
  ['kubeconfig', `Corefile:2:1${P} ${ARGS} 'kubeconfig'`],
  ['kubeconfig a b c', `Corefile:2:16${P} ${ARGS} 'c'`],
  ['endpoint', `Corefile:2:1${P} ${ARGS} 'endpoint'`],
  ['endpoint http://a:b', `Corefile:2:10${P} 'http://a:b' is not a URL, expecting one such as https://10.0.0.1:6443`],
  ['endpoint https://a\ntls a b', `Corefile:3:7${P} ${ARGS} 'b'`],
  ['tls a b c', `Corefile:2:1${P} 'tls' is for the API server of 'endpoint', and there is none`],
  ['apiserver_qps', `Corefile:2:1${P} ${ARGS} 'apiserver_qps'`],
  ['apiserver_qps x', `Corefile:2:15${P} invalid apiserver_qps 'x', expecting a number from 0 on`],
  ['apiserver_qps -1', `Corefile:2:15${P} invalid apiserver_qps '-1', expecting a number from 0 on`],
  ['audit', `Corefile:2:1${P} ${ARGS} 'audit'`],
  ['audit 10s', `Corefile:2:7${P} `],
  ['audit 10m off', `Corefile:2:11${P} ${ARGS} 'off'`],
  ['snapshot', `Corefile:2:1${P} ${ARGS} 'snapshot'`],
  ['snapshot a 1s', `Corefile:2:12${P} `],
  ['snapshot a 1h b', `Corefile:2:15${P} ${ARGS} 'b'`],
  ['manifests a\nsnapshot b', `Corefile:3:1${P} 'snapshot' is about an API server, and 'manifests' takes its place`],
  ['apiserver_burst 1.5', `Corefile:2:17${P} invalid apiserver_burst '1.5', expecting a whole number from 0 on`],
  [
    'apiserver_max_inflight -1',
    `Corefile:2:24${P} invalid apiserver_max_inflight '-1', expecting a whole number from 0 on`,
  ],
])('%j is an error', (line, message) => {
  expect(() => parse(line)).toThrow(message);
});

test.each([
  ['endpoint https://a https://b', "2:20 - 'endpoint' takes one URL: only https://a is used"],
  ['kubeconfig f\nendpoint https://a', "3:1 - 'endpoint' and 'tls' have no effect beside 'kubeconfig': remove them"],
])('%j gets a warning', (lines, warning) => {
  expect(warningsOf(kubernetes, `kubernetes {\n${lines}\n}`, ['cluster.local.'])).toEqual([`Corefile:${warning}`]);
});
