import { randomInt } from 'node:crypto';

/** An address of the loopback network that nobody else uses: all of its ports are free. */
export function newAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
}
