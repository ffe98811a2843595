import { UsageError } from '../usage.ts';

/** Reads the value of a flag as a whole number. */
export function readNumber(flag: string): (text: string) => number {
  return (text) => {
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw new UsageError(`${flag} cannot be "${text}"`, 'it is a whole number from 1');
  };
}
