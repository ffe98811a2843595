/** What packages of plugins get for `cairn-dns/plugin`: a file beside the loader, in the sources, the library and the bundle. */
export * from '../plugin/index.ts';
