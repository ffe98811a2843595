import * as client from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { Field, type ObjectError } from './field.ts';
import { checkKeys } from './known-keys.ts';

function problemsOf(kind: string, object: object): string[] {
  const problems: ObjectError[] = [];
  checkKeys(kind, new Field(kind, { metadata: { name: 'a' }, ...object }), (problem) => problems.push(problem));
  return problems.map(({ message }) =>
    message.replace(/^\w+ (?:a|\(without a name\)): /, '').replace('is unknown; did you mean', '=>'),
  );
}

describe('a key that is similar to a missing known key is a typing error', () => {
  test.each<[string, object, string[]]>([
    ['Service', { spec: { clusterIp: 'None' } }, ['spec.clusterIp => clusterIP?']],
    ['Service', { spce: {} }, ['spce => spec?']],
    [
      'Service',
      { spec: { ports: [{ port: 1 }, { prot: 2, targetport: 3 }] } },
      ['spec.ports[1].prot => port?', 'spec.ports[1].targetport => targetPort?'],
    ],
    [
      'Service',
      { spec: { publishNotReadyAddress: true } },
      ['spec.publishNotReadyAddress => publishNotReadyAddresses?'],
    ],
    ['Service', { metadata: { nmae: 'a' } }, ['metadata.nmae => name?']],
    [
      'StatefulSet',
      { spec: { replica: 3, ServiceName: 'a' } },
      ['spec.replica => replicas?', 'spec.ServiceName => serviceName?'],
    ],
    [
      'Deployment',
      { spec: { template: { metadata: { label: {} }, spec: { hostName: 'x' } } } },
      ['spec.template.metadata.label => labels?', 'spec.template.spec.hostName => hostname?'],
    ],
    ['EndpointSlice', { endpoints: [{ address: [] }] }, ['endpoints[0].address => addresses?']],
    ['Pod', { status: { podIp: '10.1.1.1' } }, ['status.podIp => podIP?']],
  ])('%s %j', (kind, object, problems) => {
    expect(problemsOf(kind, object)).toEqual(problems);
  });
});

describe('no typing error is', () => {
  test.each<[string, string, object]>([
    [
      'a key that is not similar to a known key',
      'Service',
      { spec: { futureField: 1 }, x: 1, constructor: 1, toString: 1 },
    ],
    ['a key next to the known key that is similar to it', 'Pod', { status: { podIP: '10.1.1.1', podIPv: '10.1.1.1' } }],
    ['a short key', 'ServiceImport', { spec: { ip: '10.1.1.1' } }],
    ['a label', 'Service', { metadata: { name: 'a', labels: { nam: 'x' } }, spec: { selector: { clusterIp: 'x' } } }],
    ['a key without a value', 'Service', { spec: { clusterIp: undefined } }],
    ['a value that is not a mapping', 'Service', { spec: 'text', status: [1, null, 'x', [{ loadBalancers: 1 }]] }],
    ['a kind that is not read', 'ConfigMap', { spce: {} }],
  ])('%s', (_, kind, object) => {
    expect(problemsOf(kind, object)).toEqual([]);
  });

  test('a field of Kubernetes, in any kind', () => {
    const kinds = [
      'Service',
      'Pod',
      'Namespace',
      'EndpointSlice',
      'Endpoints',
      'Deployment',
      'ReplicaSet',
      'StatefulSet',
      'ReplicationController',
    ];
    expect(everyFieldOf('V1Service').length).toBeGreaterThan(50);
    expect(kinds.flatMap((kind) => everyFieldOf(`V1${kind}`).flatMap((object) => problemsOf(kind, object)))).toEqual(
      [],
    );
  });
});

/** Objects of a class of the client, each with one of its fields, however deep. */
function everyFieldOf(type: string, depth = 6): object[] {
  const element = /^Array<(.*)>$/.exec(type)?.[1];
  if (element) return everyFieldOf(element, depth).map((item) => [item]);
  const model = (client as unknown as Record<string, { getAttributeTypeMap?(): { baseName: string; type: string }[] }>)[
    type
  ];
  if (depth === 0 || !model?.getAttributeTypeMap) return [];
  return model
    .getAttributeTypeMap()
    .flatMap((field) => [
      { [field.baseName]: {} },
      ...everyFieldOf(field.type, depth - 1).map((value) => ({ [field.baseName]: value })),
    ]);
}
