import { Scalar } from 'yaml';
import { CorefileError } from '../../corefile/error.ts';
import type { ConfigMapKey } from '../check/config-map.ts';

/** A new text for a key of a ConfigMap. */
interface Replacement {
  readonly key: ConfigMapKey;
  readonly text: string;
}

/**
 * The YAML file with new texts for some keys. Nothing else in the file changes, nor the way in which a text is written.
 *
 * @throws CorefileError for a text that is neither a literal block nor in double quotes
 */
export function replaceTexts(manifest: string, replacements: readonly Replacement[]): string {
  // Keys with aliases of one text are formatted once.
  const byPlace = new Map(replacements.map((replacement) => [replacement.key.range[0], replacement]));
  const fromTheEnd = [...byPlace.values()].sort((a, b) => b.key.range[0] - a.key.range[0]);
  return fromTheEnd.reduce(replaceText, manifest);
}

function replaceText(manifest: string, { key, text }: Replacement): string {
  if (text === key.text) return manifest;
  const [begin, end] = key.range;
  if (key.style === Scalar.QUOTE_DOUBLE) return manifest.slice(0, begin) + JSON.stringify(text) + manifest.slice(end);
  if (key.style !== Scalar.BLOCK_LITERAL) {
    const detail = `the text of '${key.key}' cannot be formatted as it is written: write it as a block, '${key.key}: |'`;
    throw new CorefileError(key.locate(1, 1), detail);
  }
  const first = manifest.indexOf('\n', begin) + 1;
  // The line breaks at the end stay, as the header of the block says what they mean.
  const last = first + manifest.slice(first, end).trimEnd().length;
  const lines = text.trimEnd().split('\n');
  const lineBreak = manifest[first - 2] === '\r' ? '\r\n' : '\n';
  const block = lines.map((line) => (line === '' ? '' : ' '.repeat(key.indent) + line)).join(lineBreak);
  return manifest.slice(0, first) + block + manifest.slice(last);
}
