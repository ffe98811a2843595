import { type Waiting, Waitlist } from '../../base/waitlist.ts';
import { openFileLimit } from '../open-files.ts';

/** How many UDP sockets may wait for upstreams at once, in the whole process; each is a file descriptor. */
export const MAX_UDP_SOCKETS = 4096;

/** The share of the process's open-file limit for these sockets. Listeners, clients, watches and files need the rest. */
const SHARE = 1 / 2;

/** A socket that waits for an upstream. */
export interface OpenSocket extends Waiting<OpenSocket> {
  /** Closes the socket; the queries that wait on it fail. */
  giveWay(): void;
}

/** The open sockets. One budget may serve many upstreams; beyond its limit, the oldest socket is closed. */
export type SocketBudget = Waitlist<OpenSocket>;

export function createSocketBudget(limit: number): SocketBudget {
  return new Waitlist(limit, (socket) => socket.giveWay());
}

export const processBudget = createSocketBudget(udpSocketLimit(openFileLimit()));

/** How many UDP sockets may wait in a process that may open this number of files. */
export function udpSocketLimit(openFiles: number): number {
  return Math.max(1, Math.min(MAX_UDP_SOCKETS, Math.floor(openFiles * SHARE)));
}
