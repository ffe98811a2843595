/** How long a test waits for what a process, a thread or a socket does, in milliseconds: on a busy machine that may take long. */
export const PATIENCE_MS = 30_000;
