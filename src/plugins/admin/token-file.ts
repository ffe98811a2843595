import { createHash, timingSafeEqual } from 'node:crypto';
import { messageOf } from '../../base/errors.ts';
import { readText } from '../../base/read-file.ts';
import type { Logger } from '../../observe/log.ts';

const MAX_TOKEN_OCTETS = 4096;
const MIN_TOKEN_CHARACTERS = 16;

/** A file with a token. It is read for each request, so a new token counts at once. */
export class TokenFile {
  readonly path: string;
  private readonly log: Logger;
  private complaint = '';

  constructor(path: string, log: Logger) {
    this.path = path;
    this.log = log;
  }

  /** @throws Error (as a rejection) if the file holds no token that can be used */
  async read(): Promise<string> {
    const token = (await readText(this.path, MAX_TOKEN_OCTETS)).trim();
    if (token.length < MIN_TOKEN_CHARACTERS || !/^[!-~]+$/.test(token)) {
      const should = `expecting one line of ${MIN_TOKEN_CHARACTERS} ASCII characters or more, such as of 'openssl rand -hex 32'`;
      throw new Error(`${this.path} holds no token that is good enough - ${should}`);
    }
    return token;
  }

  /** Whether this is the token; undefined if the file cannot be used, which is logged once. The time does not depend on how much of it is right. */
  async accepts(given: string): Promise<boolean | undefined> {
    try {
      const token = await this.read();
      this.complaint = '';
      return timingSafeEqual(digestOf(token), digestOf(given));
    } catch (thrown) {
      const complaint = messageOf(thrown);
      if (complaint !== this.complaint) this.log.warning(`requests with a token are refused: ${complaint}`);
      this.complaint = complaint;
      return undefined;
    }
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
