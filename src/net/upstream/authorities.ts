import { getCACertificates } from 'node:tls';

/** The authorities of Node.js and those that the machine trusts. */
export function wellKnownAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}
