import type { Clock } from '../../../observe/clock.ts';
import type { ConnectionOptions, Credentials } from './access.ts';
import { endpointCredentials, inClusterCredentials } from './files.ts';
import { kubeconfigCredentials } from './kubeconfig.ts';

/** The credentials for a connection. @throws AccessError where there can be none. */
export function createCredentials(connection: ConnectionOptions, clock: Clock): Credentials {
  switch (connection.kind) {
    case 'in-cluster':
      return inClusterCredentials(clock);
    case 'endpoint':
      return endpointCredentials(connection.url, connection.tls, clock);
    case 'kubeconfig':
      return kubeconfigCredentials(connection.file, connection.context, clock);
  }
}
