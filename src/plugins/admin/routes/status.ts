import type { ServerControl } from '../../../plugin/server-control.ts';
import type { Route } from '../http.ts';

export function statusRoutes(control: ServerControl): readonly Route[] {
  return [
    { method: 'GET', path: '/v1/status', respond: ({ viewers }) => ({ json: { ...control.status(), viewers } }) },
  ];
}
