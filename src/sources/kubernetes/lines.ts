/** A longer line is ignored; etcd holds objects of up to 1.5 MiB. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;

const NEWLINE = 0x0a;

/** Why a line was ignored. */
type BadLine = 'too-long' | 'cut-off';

/**
 * The lines of a stream, without their newline. A line that is longer than `maxBytes`, or that is cut off at the end of the stream, is reported to
 * `bad` and left out.
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  bad: (why: BadLine) => void,
  maxBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<string> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let isTooLong = false;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const length = pendingBytes + end - start;
      if (isTooLong || length > maxBytes) bad('too-long');
      else if (pendingBytes === 0) yield chunk.toString('utf8', start, end);
      else yield Buffer.concat([...pending, chunk.subarray(start, end)]).toString('utf8');
      pending = [];
      pendingBytes = 0;
      isTooLong = false;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    pendingBytes += chunk.length - start;
    isTooLong ||= pendingBytes > maxBytes;
    if (isTooLong) pending = [];
    else pending.push(start === 0 ? chunk : chunk.subarray(start));
  }
  if (pendingBytes > 0) bad('cut-off');
}
