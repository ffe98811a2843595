import { loadMachinery } from '../../net/native/batched-udp.ts';
import type { Receiver, UdpKind, UdpListener } from '../../net/transport.ts';
import { openUdp } from '../../net/udp/udp.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { ListenerBinding } from '../listeners/listener-binding.ts';
import { BatchedService } from './batched-service.ts';
import { NO_STATS, type WorkerStats } from './messages.ts';

/** The options for serving a listener's UDP. */
export interface UdpServiceOptions {
  readonly server: string;
  readonly address: string | undefined;
  readonly port: number;
  /** Whether other processes may have the port, too. */
  readonly reusePort?: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly addresses: () => readonly string[];
  readonly binding: ListenerBinding;
  /** Answers in the main thread. */
  readonly receive: Receiver;
}

/** The size of a memo. */
export interface MemoSize {
  readonly entries: number;
  readonly octets: number;
}

/** UDP of one listener, served by the main thread, or by workers that pass unknown queries to it. */
export interface UdpService {
  readonly kind: UdpKind;
  readonly port: number;
  readonly stats: Readonly<WorkerStats>;
  /** The number of worker threads. */
  readonly workers: number;
  /** Workers that died and were replaced. */
  readonly deaths: number;
  /** The size of the workers' memos for a guest of the sockets, or for all other addresses. */
  memoOf(guest: string | undefined): MemoSize;
  /**
   * Changes the number of threads without losing queries; 1 means the main thread alone.
   *
   * @throws Error (as a rejection) if that fails; then nothing has changed.
   */
  resize(threads: number): Promise<void>;
  /** Called after the binding got other responders. Settles when no report for the former ones is left. */
  handOver(): Promise<void>;
  close(graceMs?: number): Promise<void>;
}

/** Opens UDP, served by the main thread. @throws CairnError when the address is in use or cannot be bound. */
export async function openUdpService(options: UdpServiceOptions): Promise<UdpService> {
  const { address, port, reusePort, clock, log, addresses, receive } = options;
  const listener = await openUdp({ address, port, reusePort, clock, log, addresses }, receive);
  if (listener.kind === 'portable') return portableService(listener, log);
  return new BatchedService(options, listener, (await loadMachinery())!);
}

/** The portable kind, which only one thread can serve. */
function portableService({ kind, port, stats, close }: UdpListener, log: Logger): UdpService {
  let isTold = false;
  return {
    ...{ kind, port, close, workers: 0, deaths: 0 },
    get stats() {
      return { ...NO_STATS, ...stats };
    },
    memoOf: () => ({ entries: 0, octets: 0 }),
    async resize(threads) {
      if (threads > 1 && !isTold) {
        log.warning(`UDP on port ${port} is served by one thread, not ${threads}: only batched UDP can share a port`);
      }
      isTold = threads > 1;
    },
    handOver: async () => {},
  };
}
