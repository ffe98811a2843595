/** Waits until no file is being read any more: what it holds is about to be made sense of. */
export async function filesRead(): Promise<void> {
  do await new Promise(setImmediate);
  while (process.getActiveResourcesInfo().some((name) => name.includes('Req')));
}
