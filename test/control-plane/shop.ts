import type { TestContext } from 'vitest';
import { apiService, apiSlice } from '../support/api-objects.ts';
import type { KubernetesObject } from '../support/api-server/index.ts';
import { type Cairn, type CairnOptions, startCairn } from './cairn.ts';
import type { ControlPlane } from './control-plane.ts';
import { openControlPlane, until } from './open.ts';

/** A service with an address, and one with endpoints. */
export const WEB = apiService('default/web', '10.0.7.1');
export const DB = apiService('default/db', 'None');
const ENDPOINTS = apiSlice('default/db', 'db-1', '10.1.0.1 10.1.0.2');

/** The name of a service of the namespace `default`. */
export const nameOf = ({ metadata }: KubernetesObject) => `${metadata.name}.default.svc.cluster.local`;

/** A control plane with two services, and Cairn that knows them, until the test is over. */
export interface Shop {
  readonly plane: ControlPlane;
  readonly cairn: Cairn;
  /** Adds a service and tells how long it took until its name had its address, in milliseconds. */
  learns(name: string): Promise<number>;
  /** What is answered for the names of the two services, and for one that is not there. */
  undisturbed(): Promise<string>;
}

/** What {@link Shop.undisturbed} is as long as both services are there. */
export const UNDISTURBED = 'web: 10.0.7.1, db: 10.1.0.1 10.1.0.2, none: NXDOMAIN';

export async function openShop(
  context: Pick<TestContext, 'onTestFinished'>,
  { flags, ...options }: CairnOptions & { readonly flags?: readonly string[] } = {},
): Promise<Shop> {
  const plane = await openControlPlane(context, flags);
  for (const object of [WEB, DB, ENDPOINTS]) await plane.api.create(object);
  return shopOf(plane, await startCairn(plane, options));
}

let services = 0;

export function shopOf(plane: ControlPlane, cairn: Cairn): Shop {
  return {
    plane,
    cairn,
    async learns(name) {
      services++;
      const address = `10.0.${8 + (services >> 8)}.${services & 255}`;
      const service = apiService(`default/${name}`, address);
      await plane.api.create(service);
      return until(() => cairn.addressesOf(nameOf(service)), [address]);
    },
    async undisturbed() {
      const [web, db] = [await cairn.addressesOf(nameOf(WEB)), await cairn.addressesOf(nameOf(DB))];
      const { rcode } = await cairn.ask('none.default.svc.cluster.local');
      return `web: ${web.join(' ')}, db: ${db.join(' ')}, none: ${rcode}`;
    },
  };
}
