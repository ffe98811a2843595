import { OUTCOMES } from './trace.ts';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

const WORDS = [...new Set(Object.values(OUTCOMES))].map((word) => word.replace(/[.*+?()]/g, '\\$&')).join('|');
const QUERY = new RegExp(`^( {6}\\S+ +[\\d.]+ ms {2})(?:(${WORDS})(?= {2}|$)|(\\S.*?)(?= {2}|$))(.*)$`);

/** Colours a trace without control characters. Its text is the same without colours. */
export function colourTrace(text: string, paint: (style: Style, text: string) => string): string {
  const lines = text.split('\n').map((line, i) => {
    const [, start, failure, found, reason = ''] = QUERY.exec(line) ?? [];
    if (start !== undefined)
      return start + (failure ? paint('yellow', failure) : paint('green', found!)) + paint('dim', reason);
    if (i === 0 || /^\d+\. /.test(line)) return paint('bold', line);
    return /^not found: /.test(line) ? paint('red', line) : line;
  });
  return lines.join('\n');
}
