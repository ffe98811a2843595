import { expect, test } from 'vitest';
import { gateway } from '../../../test/support/declared.ts';

const ingress = (name: string, host: string, ip: string) => `
kind: Ingress
metadata: {name: ${name}, namespace: shop}
spec: {rules: [{host: "${host}"}]}
status: {loadBalancer: {ingress: [{ip: ${ip}}]}}
`;

test('the status counts the names, and those that several objects claim', () => {
  const cluster = [ingress('a', 'a.example', '192.0.2.1'), ingress('b', 'b.other', '192.0.2.2')].join('---');
  const { plugin } = gateway({ cluster });
  expect(plugin.status!()).toMatchObject({
    state: 'ok',
    summary: 'Answers from 1 names.',
    figures: { names: 1, 'names outside of the zones': 1, conflicts: 0 },
  });
  const disputed = gateway({ cluster: [cluster, ingress('c', 'a.example', '192.0.2.3')].join('---') }).plugin;
  expect(disputed.status!()).toMatchObject({
    summary: 'Answers from 1 names, 1 of which several objects claim with different targets: one of these is served.',
    figures: { conflicts: 1 },
  });
});
