import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { configMapKeys, isCorefileName } from '../../src/cli/check/config-map.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CLUSTER = resolve(ROOT, 'test/acceptance/cluster.yaml');

/** A Corefile of the repository. */
export interface KnownCorefile {
  /** Where it stands. */
  readonly title: string;
  readonly text: string;
}

/** The Corefiles in the code blocks of pages. */
export function corefilesInPages(...patterns: readonly string[]): readonly KnownCorefile[] {
  return globSync(patterns, { cwd: ROOT }).flatMap((file) => {
    const text = readFileSync(resolve(ROOT, file), 'utf8');
    return [...text.matchAll(/^```corefile\n(.*?)^```/gms)].map((match, i) => ({
      title: `${file}, example ${i + 1}`,
      text: match[1]!,
    }));
  });
}

/** The Corefiles in files of their own, in ConfigMaps, and in the golden files of the parser. */
export function corefilesInFiles(): readonly KnownCorefile[] {
  const read = (file: string) => readFileSync(resolve(ROOT, file), 'utf8');
  const ownFiles = [
    'Corefile.example',
    'test/**/Corefile',
    'test/**/*.Corefile',
    'examples/**/Corefile',
    'deploy/**/Corefile',
  ];
  const own = globSync(ownFiles, { cwd: ROOT }).filter((file) => !file.includes('node_modules'));
  const manifests = globSync(['deploy/*/*.yaml', 'examples/**/*.yaml'], { cwd: ROOT });
  const golden = globSync('test/corefile/*.txt', { cwd: ROOT });
  return [
    ...own.map((title) => ({ title, text: read(title) })),
    ...manifests.flatMap((title) =>
      configMapKeys(title, read(title)).flatMap(({ key, text }) =>
        isCorefileName(key) ? [{ title: `${title}, ${key}`, text }] : [],
      ),
    ),
    ...golden.map((title) => ({ title, text: /^-- Corefile --\n(.*?)^-- /ms.exec(read(title))![1]! })),
  ];
}

/** Where the upstreams, the API server and the certificates of Corefiles are in a test. */
export interface TestWorld {
  readonly upstream: string;
  readonly api: string;
  /** A folder with cert.pem and key.pem. */
  readonly certificates: string;
  /** A free port, for Corefiles that need two. */
  readonly port: number;
}

/** A Corefile without ports that a machine running the tests may not have to give, and without files and servers that it may not have. */
export function adaptCorefile(corefile: string, { upstream, api, certificates, port }: TestWorld): string {
  return anywhere(
    corefile
      .replaceAll(/:(?:1054|6000)\b/g, `:${port}`)
      .replace(/manifests .+/g, `manifests ${CLUSTER}`)
      .replace(/weighted \S+/g, 'weighted /dev/null')
      .replace(/^( +)(?:kubeconfig|endpoint) .+$/gm, `$1endpoint ${api}`)
      .replace(/^ +tls \S+ \S+ \S+$/gm, '')
      .replace(/^ +tls cert.pem key.pem/gm, `    tls ${certificates}/cert.pem ${certificates}/key.pem`)
      .replace(
        /^( *)(kubernetes|k8s_gateway)( [^{\n]*)?\{(?![^}]*\n *(?:manifests|endpoint) )/gm,
        `$1$2$3{\n$1    endpoint ${api}`,
      )
      .replace(/directory \S+/g, `directory ${resolve(ROOT, 'examples')}`),
    upstream,
  );
}

/** The same for ports and upstreams alone. */
export function anywhere(corefile: string, upstream: string): string {
  return corefile
    .replace(/^\S.*$/gm, (keys) => keys.replace(/:(?:53|1053|5353|8853|8443)(?=[\s,])/g, ''))
    .replace(/^( +(?:health|ready|prometheus|admin))(?: +\S*:\d+)?(?= *\{?$)/gm, '$1 127.0.0.1:0')
    .replace(/lameduck \S+/g, 'lameduck 0s')
    .replaceAll('/etc/resolv.conf', upstream);
}
