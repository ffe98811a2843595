import { getRawAsset, isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';
import { readOctets } from '../../base/read-file.ts';

/** More than any of the files has. */
const MAX_FILE_OCTETS = 1024 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json',
};

/** Where the API is described. */
const DESCRIPTION = '/v1/openapi.json';

export interface OwnFile {
  readonly octets: Uint8Array;
  readonly contentType: string;
}

/**
 * Reads a file that belongs to the interface itself: of its page, or the description of the API. They hold nothing of the server. They are read
 * for each request, so they take no memory. Undefined if there is no such file.
 */
export async function readOwnFile(path: string): Promise<OwnFile | undefined> {
  const name = path === '/' ? 'page/index.html' : path === DESCRIPTION ? 'openapi.json' : pageFile(path);
  const contentType = TYPES[name?.split('.').at(-1) ?? ''];
  if (name === undefined || contentType === undefined) return undefined;
  try {
    return { octets: await read(name), contentType };
  } catch {
    return undefined;
  }
}

/** No folder below the page's, and nothing that leads out of it. */
function pageFile(path: string): string | undefined {
  const name = /^\/([a-z0-9-]+\.[a-z]+)$/.exec(path)?.[1];
  return name === undefined ? undefined : `page/${name}`;
}

/** The files are beside this module in the sources, beside the bundle in the package, and in the single file. */
async function read(name: string): Promise<Uint8Array> {
  if (isSea()) return new Uint8Array(getRawAsset(`bin/${name}`));
  return readOctets(fileURLToPath(new URL(name, import.meta.url)), MAX_FILE_OCTETS);
}
