import { resolve } from 'node:path';
import { systemClock } from '../../observe/clock.ts';
import { AccessError } from '../../sources/kubernetes/access/access.ts';
import { kubeconfigCredentials } from '../../sources/kubernetes/access/kubeconfig.ts';
import { createApiClient } from '../../sources/kubernetes/client.ts';
import { ApiConnectionError, ApiStatusError } from '../../sources/kubernetes/errors.ts';
import { userAgent } from '../../sources/kubernetes/user-agent.ts';

/** As long as the server would wait for the cluster. */
const TIMEOUT_MS = 10_000;
const UNAUTHORIZED = 401;

/**
 * Asks the API server of a kubeconfig for one object. The server of a lookup would wait for a cluster that cannot be reached, and go on without it.
 *
 * @throws AccessError if the server cannot be reached, or refuses the credentials
 */
export async function reachCluster(file: string, context: string | undefined, timeoutMs = TIMEOUT_MS): Promise<void> {
  const credentials = kubeconfigCredentials(resolve(file), context, systemClock);
  const metrics = { waited() {}, answered() {} };
  const client = createApiClient(credentials, {}, { clock: systemClock, metrics, userAgent: userAgent() });
  const stop = new AbortController();
  const timer = systemClock.after(timeoutMs, () => stop.abort());
  try {
    await client.get('/api/v1/namespaces?limit=1', stop.signal);
  } catch (error) {
    if (stop.signal.aborted) throw new AccessError(`kubeconfig ${file}: no response within ${timeoutMs} ms`, error);
    if (error instanceof ApiConnectionError) throw new AccessError(`kubeconfig ${file}: ${error.message}`, error);
    if (!(error instanceof ApiStatusError)) throw error;
    // A server that responds with another status can be reached; what it allows is found later.
    if (error.status !== UNAUTHORIZED) return;
    const detail = `the API server does not accept the credentials (401: ${error.message})`;
    throw new AccessError(`kubeconfig ${file}: ${detail}`, error);
  } finally {
    timer.cancel();
    stop.abort();
    client.close();
  }
}
