/* The paths of the interface. Begin here; each file has those of one part. */

import type { ServerControl } from '../../../plugin/server-control.ts';
import type { Route } from '../http.ts';
import type { ViewerEnv } from '../viewers.ts';
import { cacheRoutes } from './cache.ts';
import { changeRoutes } from './changes.ts';
import { explainRoutes } from './explain.ts';
import { statusRoutes } from './status.ts';
import { tailRoutes } from './tail.ts';
import { topRoutes } from './top.ts';

export function routesFor(control: ServerControl, viewers: ViewerEnv): readonly Route[] {
  return [
    ...statusRoutes(control),
    ...explainRoutes(control),
    ...cacheRoutes(control),
    ...changeRoutes(control),
    ...tailRoutes(control, viewers),
    ...topRoutes(control, viewers),
  ];
}
