import type { Done } from '../../../admin/protocol/index.ts';
import { LOG_LEVELS, type LogLevel } from '../../../observe/log.ts';
import type { ServerControl } from '../../../plugin/server-control.ts';
import { type AdminRequest, type AdminResponse, fieldsOf, RequestError, type Route } from '../http.ts';

/** A level for longer than a day is meant to stay. */
const MAX_SECONDS = 86_400;

const DONE: AdminResponse = { json: {} satisfies Done };

/** The Corefile that is served, and what changes the server. */
export function changeRoutes(control: ServerControl): readonly Route[] {
  return [
    { method: 'GET', path: '/v1/corefile', respond: () => ({ json: control.corefile() }) },
    { method: 'POST', path: '/v1/log-level', respond: (request) => setLogLevel(control, request) },
    { method: 'POST', path: '/v1/drain', respond: (request) => drain(control, request) },
    { method: 'POST', path: '/v1/reload', mayEnd: true, respond: (request) => reload(control, request) },
  ];
}

function setLogLevel(control: ServerControl, { body, note }: AdminRequest): AdminResponse {
  const { level, seconds } = fieldsOf(body, ['level', 'seconds']);
  if (!LOG_LEVELS.includes(level as LogLevel)) {
    throw new RequestError(400, `'level' must be one of ${LOG_LEVELS.join(', ')}`);
  }
  if (seconds !== undefined && !isWhole(seconds)) {
    throw new RequestError(400, `'seconds' must be a whole number from 1 to ${MAX_SECONDS}`);
  }
  // A level above info hides the line about itself.
  if (level !== 'debug' && level !== 'info') note();
  control.setLogLevel({ level: level as LogLevel, ...(seconds !== undefined && { seconds }) });
  return DONE;
}

function isWhole(seconds: unknown): seconds is number {
  return Number.isInteger(seconds) && Number(seconds) >= 1 && Number(seconds) <= MAX_SECONDS;
}

function drain(control: ServerControl, { body }: AdminRequest): AdminResponse {
  const { draining } = fieldsOf(body, ['draining']);
  if (typeof draining !== 'boolean') throw new RequestError(400, "'draining' must be true or false");
  control.drain({ draining });
  return DONE;
}

async function reload(control: ServerControl, { body, note }: AdminRequest): Promise<AdminResponse> {
  if (body !== undefined) fieldsOf(body, []);
  // The lines of the reload follow.
  note();
  return { json: await control.reload() };
}
