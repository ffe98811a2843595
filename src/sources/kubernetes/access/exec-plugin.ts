import { spawn } from 'node:child_process';
import { messageOf, systemCodeOf } from '../../../base/errors.ts';
import { MAX_CREDENTIAL_OCTETS, readTextNow } from '../../../base/read-file.ts';
import { type ClusterFields, type ExecFields, pathFrom } from './kubeconfig-fields.ts';

/** The credentials that a plugin gives. */
export interface ExecCredential {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  readonly expirationTimestamp?: string;
}

/** The time limit of a plugin, which is less than that of the process that runs it. */
const TIMEOUT_MS = 50_000;
/** How much of a plugin's output is read. */
const MAX_OUTPUT = 1024 * 1024;
/** The extension of a cluster that is for plugins. */
const CLUSTER_CONFIG = 'client.authentication.k8s.io/exec';

/** Runs a plugin without a terminal or any input (client.authentication.k8s.io). @throws Error with the plugin's own message */
export async function runExecPlugin(exec: ExecFields, cluster: ClusterFields, folder: string): Promise<ExecCredential> {
  // As in kubectl, a name without a folder is searched for in PATH.
  const command = exec.command!.includes('/') ? pathFrom(folder, exec.command!) : exec.command!;
  const info = JSON.stringify({
    ...{ apiVersion: exec.apiVersion, kind: 'ExecCredential' },
    spec: { interactive: false, ...(exec.provideClusterInfo && { cluster: clusterInfo(cluster, folder) }) },
  });
  const env = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]));
  const output = await run(command, exec, { ...process.env, ...env, KUBERNETES_EXEC_INFO: info });
  return readCredential(output, exec);
}

function run(command: string, { args = [], installHint }: ExecFields, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < MAX_OUTPUT) output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (complaint.length < MAX_OUTPUT) complaint += text;
    });
    child.on('error', (error) => {
      const hint = systemCodeOf(error) === 'ENOENT' && installHint ? `: ${installHint}` : '';
      reject(new Error(`the exec plugin cannot be run: ${messageOf(error)}${hint}`));
    });
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      reject(
        new Error(
          `the exec plugin ended with ${signal ?? `code ${code}`}: ${complaint.trim() || 'it printed nothing'}`,
        ),
      );
    });
  });
}

function readCredential(output: string, { apiVersion }: ExecFields): ExecCredential {
  let answer: { readonly apiVersion?: unknown; readonly kind?: unknown; readonly status?: ExecCredential } | null;
  try {
    answer = JSON.parse(output);
  } catch {
    throw new Error('the output of the exec plugin is not JSON');
  }
  if (answer?.kind !== 'ExecCredential' || answer.apiVersion !== apiVersion) {
    const printed = `${answer?.kind} of ${answer?.apiVersion}`;
    throw new Error(`the exec plugin printed ${printed}: exec.apiVersion asks for ExecCredential of ${apiVersion}`);
  }
  const { token, clientCertificateData: certificate, clientKeyData: key } = answer.status ?? {};
  if (!certificate !== !key) throw new Error('the exec plugin gave only one of certificate and key');
  if (!token && !certificate) throw new Error('the exec plugin gave neither a token nor a certificate');
  return answer.status!;
}

/** A cluster as exec plugins get it: with the CA itself instead of its file. */
function clusterInfo(cluster: ClusterFields, folder: string): object {
  const { 'certificate-authority': file, 'certificate-authority-data': data, extensions = [], ...shown } = cluster;
  const ca =
    data || (file && Buffer.from(readTextNow(pathFrom(folder, file), MAX_CREDENTIAL_OCTETS)).toString('base64'));
  const config = extensions.find(({ name }) => name === CLUSTER_CONFIG)?.extension;
  return { ...shown, ...(ca && { 'certificate-authority-data': ca }), ...(config !== undefined && { config }) };
}
