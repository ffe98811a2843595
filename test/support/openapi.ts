import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import type { OpenApi } from '../../scripts/openapi.ts';

const FILE = resolve(import.meta.dirname, '../../src/plugins/admin/openapi.json');

/** The description of the admin interface, as it is served. */
export const openApi: OpenApi = JSON.parse(readFileSync(FILE, 'utf8'));

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(openApi, 'openapi.json');

/** Checks that the description allows a response. Only an error may come from a path that it does not have. */
export function expectDescribed(method: string, path: string, status: number, type: string, value: unknown): void {
  const described = openApi.paths[path.split('?', 1)[0]!]?.[method.toLowerCase()]?.responses;
  const error = { $ref: '#/components/schemas/AdminError' };
  const schema = described?.[status]?.content[type]?.schema ?? (status === 200 ? undefined : error);
  if (!schema) {
    expect(described, `${method} ${path}: ${status} ${type}`).toBeUndefined();
    return;
  }
  const isValid = ajv.validate(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi.json#/')), value);
  expect(isValid ? '' : ajv.errorsText(), `${method} ${path}: ${JSON.stringify(value)?.slice(0, 2000)}`).toBe('');
}
