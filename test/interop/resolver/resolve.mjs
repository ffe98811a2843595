// Answers each name on standard input with what dns.resolve4 and dns.resolve6 say; each time with a resolv.conf read anew.
import { promises } from 'node:dns';
import { createInterface } from 'node:readline';

for await (const name of createInterface({ input: process.stdin })) {
  const resolver = new promises.Resolver({ timeout: -1, tries: 2 });
  const settle = (promise) => promise.catch((error) => [error.code]);
  const results = await Promise.all([settle(resolver.resolve4(name)), settle(resolver.resolve6(name))]);
  process.stdout.write(`${results.flat().join(' ')}\n`);
}
