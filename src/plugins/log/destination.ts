/** Whether a word was probably meant to say where lines are written to, as in old guides: a stream, or a path. */
export function isDestination(word: string): boolean {
  return /^(stdout|stderr|syslog|all)$/i.test(word) || /^\.{0,2}\/|\.log$/.test(word);
}
