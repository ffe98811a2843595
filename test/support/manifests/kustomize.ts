import { execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';
import { run } from '../tools.ts';

/** As much of a Kubernetes object as tests of manifests look at. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels };
  // biome-ignore lint/suspicious/noExplicitAny: the shape depends on the kind, and a wrong one fails the test
  readonly [field: string]: any;
}

export type Labels = Readonly<Record<string, string>>;

/** Programs that render a folder, and how each is asked for its version of kustomize. Debian's kubectl has one of 2019, which does not know `patches`. */
const PROGRAMS: readonly { readonly render: readonly string[]; readonly version: readonly string[] }[] = [
  { render: ['kustomize', 'build'], version: ['kustomize', 'version'] },
  { render: ['kubectl', 'kustomize'], version: ['kubectl', 'version', '--client', '-o', 'yaml'] },
];

/**
 * What renders kustomizations here; undefined if nothing does.
 *
 * @throws Error if nothing does, where CAIRN_INTEROP=required says that no test may be left out.
 */
export function findKustomize(): ((folder: string) => Promise<Manifest[]>) | undefined {
  const program = PROGRAMS.find(({ version: [name, ...args] }) => /\bv[5-9]\.\d/.test(printedBy(name!, args)));
  if (program) return (folder) => render(program.render, folder);
  if (process.env.CAIRN_INTEROP === 'required') throw new Error('kustomize 5, or a kubectl that has it, is needed');
  return undefined;
}

function printedBy(program: string, args: readonly string[]): string {
  try {
    const printed = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    // Of kubectl's own version nothing follows.
    return program === 'kubectl' ? (/kustomizeVersion: .*/.exec(printed)?.[0] ?? '') : printed;
  } catch {
    return '';
  }
}

/** @throws Error with what the program complains of, be it only a warning. */
async function render([program, ...args]: readonly string[], folder: string): Promise<Manifest[]> {
  const { code, stdout, stderr } = await run(program!, [...args, folder]);
  if (code !== 0 || stderr !== '') throw new Error(`${folder}: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}
