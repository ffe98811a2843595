declare module 'postject' {
  /** Puts data into an executable file under a name, and sets the fuse that says so. */
  export function inject(path: string, name: string, data: Buffer, options: { sentinelFuse: string }): Promise<void>;
}
