const HOOKS = "run it in the container's lifecycle hooks, or beside the server";
const CLOUD =
  "no cloud's API is asked: write 'forward ZONE ADDRESS' with the resolver of the cloud, which knows the zone";
const ELSEWHERE = "write 'forward ZONE ADDRESS' with the server that has these names, or list them under 'hosts'";
const TRANSPORT = 'put a proxy in front that speaks it, and let it ask over UDP or TCP';

/**
 * Directives that CoreDNS has or had, or that are often built into it, and that Cairn has not: what to do instead.
 */
export const UNSUPPORTED: Readonly<Record<string, string>> = {
  proxy: "CoreDNS has dropped it, too: write 'forward FROM TO…' instead",
  upstream: 'CoreDNS has dropped it, too: remove it, names are looked up through the server itself',
  federation: 'CoreDNS has dropped it, too: remove it, Kubernetes has no federations any more',
  startup: HOOKS,
  shutdown: HOOKS,
  on: HOOKS,
  reverse: "CoreDNS has dropped it, too: write 'template IN PTR ZONE' instead",
  route53: CLOUD,
  azure: CLOUD,
  clouddns: CLOUD,
  etcd: ELSEWHERE,
  nomad: ELSEWHERE,
  grpc: "upstreams are asked over DNS: write 'forward FROM TO…'",
  fanout: "write 'forward FROM TO…': it asks the next upstream when one fails",
  alternate: "write several 'forward' lines, with 'next RCODE…' in all but the last",
  unbound: "write 'forward FROM TO…' with a recursive resolver",
  grpc_server: TRANSPORT,
  https3: TRANSPORT,
  quic: TRANSPORT,
  proxyproto: "let the load balancer keep the clients' addresses: externalTrafficPolicy: Local",
  dnssec: "nothing is signed here: write 'forward ZONE ADDRESS' with the server that signs the zone",
  sign: "nothing is signed here: write 'forward ZONE ADDRESS' with the server that signs the zone",
  tsig: "messages are neither signed nor verified: say with 'acl' which clients may ask",
  geoip: "networks have no places here: name them under 'acl'",
  pprof: 'Node.js has its own: start it with --cpu-prof or --inspect',
};
