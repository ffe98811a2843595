import type { WatchStatus } from '../../admin/protocol/index.ts';
import type { Clock } from '../../observe/clock.ts';
import { fileWatch, statusOfWatches } from '../../plugin/file-status.ts';
import type { OwnStatus } from '../../plugin/status.ts';
import type { WatchedCredentials } from '../../plugin/watched-credentials.ts';

/** Certificates that expire sooner than this should have been renewed: ACME clients do it after two thirds of 90 days, or of six. */
const RENEWED_MS = 86_400_000;

export function certificateStatus({ expiresMs, watched }: WatchedCredentials, cert: string, clock: Clock): OwnStatus {
  const leftMs = expiresMs - clock.now();
  const watch = { ...fileWatch(cert, 1, watched, clock), expiresInSeconds: leftMs / 1000 };
  return statusOfWatches([judged(watch, leftMs)], {
    wellSaid: `The certificate is valid until ${new Date(expiresMs).toISOString().slice(0, 10)}.`,
    effect: leftMs < 0 ? 'Clients close encrypted connections' : 'The certificate that was read last is shown',
    remedy: 'Renew the files: they are followed.',
  });
}

function judged(watch: WatchStatus, leftMs: number): WatchStatus {
  if (leftMs < 0) return { ...watch, state: 'failing', problem: 'the certificate has expired' };
  if (watch.state !== 'ok' || leftMs >= RENEWED_MS) return watch;
  return { ...watch, state: 'degraded', problem: 'the certificate expires within a day' };
}
