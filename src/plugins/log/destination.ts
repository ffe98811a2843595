/** Whether a word was probably meant as the destination of the log, as in old guides: a stream or a path. */
export function isDestination(word: string): boolean {
  return isPath(word) || /^(stdout|stderr|syslog|all)$/i.test(word) || word.endsWith('.log');
}

export function isPath(word: string): boolean {
  return /^\.{0,2}\//.test(word);
}
