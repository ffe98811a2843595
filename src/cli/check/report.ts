import type { CorefileError } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import { printPosition } from '../../corefile/position.ts';
import { printable } from '../../observe/printable.ts';
import { printJson, printLine } from '../terminal.ts';
import type { Finding } from './examine.ts';

export const FORMATS = ['text', 'github', 'json'] as const;
export type Format = (typeof FORMATS)[number];

/** Prints what a check has found: problems to standard error as text, and everything else to standard output. */
export function report(findings: readonly Finding[], format: Format, strict: boolean): void {
  switch (format) {
    case 'text':
      for (const finding of findings) printText(finding, strict);
      break;
    case 'github':
      for (const finding of findings) process.stdout.write(annotations(finding));
      break;
    case 'json': {
      const valid = findings.every((finding) => isValid(finding, strict));
      process.stdout.write(printJson({ valid, files: findings.map((each) => jsonOf(each, strict)) }));
    }
  }
}

/** With `strict`, warnings count as errors. */
export function isValid({ errors, warnings }: Finding, strict: boolean): boolean {
  return errors.length === 0 && !(strict && warnings.length > 0);
}

/** Prints errors to standard error. What could not be read has no lines. */
export function printErrors({ errors, isUnreadable }: Pick<Finding, 'errors' | 'isUnreadable'>): void {
  for (const { message, detail, position } of errors) {
    printLine(isUnreadable ? `${position.file}: ${detail}` : message, process.stderr, 'red');
  }
}

function printText(finding: Finding, strict: boolean): void {
  const { errors, warnings, serverBlocks } = finding;
  for (const { position, message, name } of warnings) {
    printLine(`${printPosition(position)} - Warning: ${message} [${name}]`, process.stderr, 'yellow');
  }
  printErrors(finding);
  if (finding.isUnreadable) return;
  const counted = [
    errors.length > 0 && count(errors.length, 'error'),
    warnings.length > 0 && count(warnings.length, 'warning'),
  ];
  if (isValid(finding, strict)) {
    const counts = [count(serverBlocks, 'server block'), ...counted].filter((each) => each !== false).join(', ');
    printLine(`${nameOf(finding)} is valid: ${counts}`, process.stdout);
  } else {
    const counts = counted.filter((each) => each !== false).join(', ');
    printLine(`${nameOf(finding)} is not valid: ${counts}`, process.stderr);
  }
}

function nameOf({ input, inManifest }: Finding): string {
  const name = input === '-' ? 'stdin' : input;
  if (!inManifest) return name;
  return `${name} (ConfigMap ${inManifest.configMap || 'without a name'}, ${inManifest.key})`;
}

/** Workflow commands of GitHub: the problems are shown at their lines of the change. */
function annotations({ errors, warnings }: Finding): string {
  return [
    ...warnings.map(({ position, message, name }) => annotation('warning', position, `${message} [${name}]`)),
    ...errors.map(({ position, detail }) => annotation('error', position, detail)),
  ].join('');
}

function annotation(level: string, { file, line: at, column }: Position, message: string): string {
  const place = { file, line: at, col: column };
  const properties = Object.entries(place).map(([key, value]) => `${key}=${escapeProperty(String(value))}`);
  return `::${level} ${properties.join(',')}::${escapeData(message)}\n`;
}

function escapeData(text: string): string {
  return printable(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function jsonOf(finding: Finding, strict: boolean): object {
  const { input, inManifest, serverBlocks, errors, warnings } = finding;
  return {
    file: input === '-' ? 'stdin' : input,
    ...(inManifest && { configMap: inManifest.configMap, key: inManifest.key }),
    valid: isValid(finding, strict),
    serverBlocks,
    errors: errors.map(errorAsJson),
    warnings: warnings.map(({ name, position, message }) => ({ name, ...placeOf(position), message })),
  };
}

export function errorAsJson({ position, detail }: CorefileError): object {
  return { ...placeOf(position), message: detail };
}

function placeOf({ file, line: at, column }: Position): object {
  return { file, line: at, column };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
