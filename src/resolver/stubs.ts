import type { Stub, StubName } from './stub.ts';
import { busybox } from './stubs/busybox.ts';
import { cAres, node } from './stubs/c-ares.ts';
import { glibc } from './stubs/glibc.ts';
import { go } from './stubs/go.ts';
import { musl, oldMusl } from './stubs/musl.ts';

/** The stub resolvers by name. */
export const stubs: Readonly<Record<StubName, Stub>> = {
  glibc,
  musl,
  'musl-1.2.3': oldMusl,
  go,
  'c-ares': cAres,
  node,
  busybox,
};
