import { canonicalAddress } from '../../net/addresses.ts';
import { UsageError } from '../usage.ts';

/** The value of `--client`, in canonical text. @throws UsageError */
export function readClient(text: string): string {
  const address = canonicalAddress(text);
  if (address !== undefined) return address;
  throw new UsageError(`--client cannot be "${text}"`, 'it is an IP address');
}
