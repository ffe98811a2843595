import { expect, test } from 'vitest';
import { checkCluster, checkUser, impersonationHeaders, pathFrom } from './kubeconfig-fields.ts';

const EXEC = { apiVersion: 'client.authentication.k8s.io/v1', command: 'plugin', interactiveMode: 'Never' };

test.each<[string, object, RegExp]>([
  [
    'a CA and none',
    { 'certificate-authority': 'x', 'insecure-skip-tls-verify': true },
    /has both a certificate-authority and inse/,
  ],
  ['a SOCKS proxy', { 'proxy-url': 'socks5://p:1' }, /^proxy-url begins with socks5:: only HTTP proxies/],
  ['a proxy without a scheme', { 'proxy-url': '10.0.0.1:3128' }, /^proxy-url is not a URL: only HTTP/],
])('of a cluster, %s is refused by name', (_, cluster, message) => {
  expect(() => checkCluster(cluster)).toThrow(message);
});

test.each(['22.15.0', '22.20.0', '23.11.0', '24.4.1'])(
  'a proxy is refused on Node.js %s, which would leave it out',
  (node) => {
    const cluster = { 'proxy-url': 'http://proxy.test:3128' };
    expect(() => checkCluster(cluster, node)).toThrow(
      `proxy-url needs Node.js 22.21 or newer, or 24.5 or newer; this is ${node}`,
    );
  },
);

test.each(['22.21.0', '24.5.0', '26.10.0'])('a proxy is fine on Node.js %s', (node) => {
  expect(() => checkCluster({ 'proxy-url': 'http://proxy.test:3128' }, node)).not.toThrow();
});

test.each<[string, object, RegExp]>([
  ['two kinds of credentials', { token: 'x', username: 'me' }, /^has both a username and a token: remove/],
  ['as above, by file', { tokenFile: 'x', username: 'me' }, /has both a username and a token/],
  ['a password alone', { password: 'x' }, /has a password without a username/],
  ['a certificate without a key', { 'client-certificate': 'x' }, /has a client-certificate without a client-key/],
  ['a key without a certificate', { 'client-key-data': 'x' }, /has a client-key without a client-certificate/],
  ['groups without a user', { 'as-groups': ['x'] }, /without as: add the user to act as/],
  [
    'the provider gcp',
    { 'auth-provider': { name: 'gcp' } },
    /auth-provider "gcp" does not work .*gke-gcloud-auth-plugin/,
  ],
  ['the provider azure', { 'auth-provider': { name: 'azure' } }, /auth-provider "azure" does not work .*kubelogin/],
  ['another provider', { 'auth-provider': { name: 'x' } }, /auth-provider "x" does not work .*use an exec plugin/],
  ['a provider beside exec', { exec: EXEC, 'auth-provider': { name: 'oidc' } }, /has both exec and auth-provider/],
  ['exec without a command', { exec: { ...EXEC, command: undefined } }, /exec has no command/],
  ['exec without a version', { exec: { ...EXEC, apiVersion: undefined } }, /exec has no apiVersion: it must be/],
  [
    'exec of a version that is gone',
    { exec: { ...EXEC, apiVersion: 'client.authentication.k8s.io/v1alpha1' } },
    /exec.apiVersion is client.authentication.k8s.io\/v1alpha1: it must be client.authentication.k8s.io\/v1 or/,
  ],
  ['a plugin that asks somebody', { exec: { ...EXEC, interactiveMode: 'Always' } }, /the server has no terminal/],
  ['another mode', { exec: { ...EXEC, interactiveMode: 'Maybe' } }, /exec.interactiveMode is Maybe: it must be/],
  ['a variable without a name', { exec: { ...EXEC, env: [{ value: 'x' }] } }, /exec.env has an entry without a name/],
])('of a user, %s is refused by name', (_, user, message) => {
  expect(() => checkUser(user)).toThrow(message);
});

test.each<object>([
  {},
  { token: 'x', tokenFile: 'y' },
  { username: 'me' },
  { exec: { ...EXEC, interactiveMode: 'IfAvailable' }, as: 'me', 'as-groups': ['x'] },
  { exec: { ...EXEC, apiVersion: 'client.authentication.k8s.io/v1beta1', interactiveMode: undefined } },
])('of a user, %j is taken', (user) => {
  expect(() => checkUser(user)).not.toThrow();
});

test.each([
  [{}, {}],
  [{ as: 'jürgen' }, { 'impersonate-user': Buffer.from('jürgen').toString('latin1') }],
  [
    {
      ...{ as: 'me', 'as-uid': '7', 'as-groups': ['a', 'b'] },
      'as-user-extra': { Scopes: ['x', 'y'], 'acme.com/project': ['p'], 'a%b': ['q'] },
    },
    {
      ...{ 'impersonate-user': 'me', 'impersonate-uid': '7', 'impersonate-group': ['a', 'b'] },
      ...{ 'impersonate-extra-scopes': ['x', 'y'], 'impersonate-extra-acme.com%2Fproject': ['p'] },
      'impersonate-extra-a%25b': ['q'],
    },
  ],
])('%j is asked for as somebody else with %j', (user, expected) => {
  expect(impersonationHeaders(user)).toEqual(expected);
});

test('paths start in the folder of the kubeconfig', () => {
  expect([pathFrom('/etc/kube', 'a/b'), pathFrom('/etc/kube', '/a')]).toEqual(['/etc/kube/a/b', '/a']);
});
