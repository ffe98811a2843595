import { Composer, type Document, Lexer, Parser } from 'yaml';
import { CairnError } from '../../base/errors.ts';

/** The maximum length of a text: queries wait while it is read, and no object of Kubernetes is longer. */
export const MAX_YAML_LENGTH = 2 * 1024 * 1024;
/** The maximum number of words and signs, including white space; reading them takes about a second. */
const MAX_LEXEMES = 500_000;
/** How deep collections may nest. */
const MAX_DEPTH = 100;
/** The maximum number of keys of a mapping; each is compared with all before it. */
const MAX_KEYS = 5000;

/** As the API server reads YAML, with the merge keys of YAML 1.1. */
const OPTIONS = { merge: true, prettyErrors: false, logLevel: 'error' } as const;

/** A text that would take too long to read. */
export class YamlLimitError extends CairnError {
  /** Where in the text the limit was reached. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super('YAML_LIMIT', message);
    this.offset = offset;
  }
}

/** Reads a text as one YAML document, with the mistakes that it has. @throws YamlLimitError */
export function composeYaml(text: string): Document {
  if (text.length > MAX_YAML_LENGTH) {
    const message = `the document has ${text.length} characters, at most ${MAX_YAML_LENGTH} are read: split it with ---`;
    throw new YamlLimitError(message, 0);
  }
  const [document, another] = new Composer(OPTIONS).compose(tokensOf(text), true, text.length);
  if (another) throw new YamlLimitError('another document begins here, only one is expected', another.range[0]);
  return document!;
}

function* tokensOf(text: string) {
  const parser = new Parser();
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    const { stack, offset } = parser;
    const top = stack.at(-1);
    if (++lexemes > MAX_LEXEMES) throw new YamlLimitError('the document is too long here: split it with ---', offset);
    if (stack.length > MAX_DEPTH) throw new YamlLimitError(`more than ${MAX_DEPTH} collections nest here`, offset);
    const isMapping = top?.type === 'block-map' || (top?.type === 'flow-collection' && top.start.source === '{');
    if (isMapping && top.items.length > MAX_KEYS) {
      throw new YamlLimitError(`the mapping has more than ${MAX_KEYS} keys`, top.offset);
    }
  }
  yield* parser.end();
}
