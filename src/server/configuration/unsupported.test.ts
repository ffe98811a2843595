import { expect, test } from 'vitest';
import { plugins } from '../../plugins.ts';
import { corefileSource } from './corefile-source.ts';
import { UNSUPPORTED } from './unsupported.ts';

test.each(Object.entries(UNSUPPORTED))('%s is refused, with what to do instead', (name, instead) => {
  const source = corefileSource({ file: 'Corefile', text: `. {\n  ${name} x\n}\n`, plugins, dnsPort: 0 });
  expect(() => source.load()).toThrow(
    `Corefile:2:3 - Error during parsing: Unknown directive '${name}' - it is not supported: ${instead}`,
  );
});

test('what there is, is not called unsupported', () => {
  expect(plugins.filter(({ name }) => Object.hasOwn(UNSUPPORTED, name))).toEqual([]);
});

test.each(
  `root metadata geoip cancel tls proxyproto quic grpc_server https https3 timeouts multisocket reload nsid bufsize bind debug trace ready health
  pprof prometheus errors log dnstap local dns64 acl any chaos loadbalance tsig cache rewrite header dnssec autopath minimal template transfer hosts
  route53 azure clouddns k8s_external kubernetes file auto secondary etcd loop forward grpc erratic whoami on sign view nomad`.split(
    /\s+/,
  ),
)('%s, a directive of CoreDNS, is known, one way or the other', (name) => {
  expect(Object.hasOwn(UNSUPPORTED, name) || plugins.some((plugin) => plugin.name === name)).toBe(true);
});
