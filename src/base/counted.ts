/** `1 query`, `2 queries`, `1,500 queries`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}

/** `1,500` */
export function grouped(number: number): string {
  return number.toLocaleString('en-US');
}
