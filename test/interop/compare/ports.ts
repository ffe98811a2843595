import type { Dice } from './dice.ts';

export interface ServicePort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
}

const LISTS: readonly (readonly ServicePort[])[] = [
  [],
  [{ port: 80, protocol: 'TCP' }],
  [{ name: 'http', port: 80, protocol: 'TCP' }],
  [
    { name: 'http', port: 80, protocol: 'TCP' },
    { name: 'metrics', port: 9090, protocol: 'TCP' },
  ],
  [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ],
  [{ name: '0x', port: 65535, protocol: 'SCTP' }],
];

/** The ports of a service. */
export function generatePorts(d: Dice): readonly ServicePort[] {
  return d.pick(LISTS);
}

/** The ports of one of its slices: most often the same ones, with their target numbers. */
export function generateSlicePorts(d: Dice, ports: readonly ServicePort[]): readonly ServicePort[] {
  if (d.chance(0.1)) return d.pick(LISTS);
  const targets = ports.map((port) => ({ ...port, port: 8000 + ((port.port ?? 0) % 1000) }));
  // A port without a number is all ports.
  return d.chance(0.05) ? targets.map(({ port: _, ...all }) => all) : targets;
}
