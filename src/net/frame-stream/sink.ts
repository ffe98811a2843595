/*
 * Frame streams (https://farsightsec.github.io/fstrm): frames of octets for programs that record them. Begin here with what a sink
 * is; dialed-sink.ts connects to a program, listening-sink.ts lets programs connect, writer.ts speaks the protocol over one connection. Nothing here
 * knows what is in a frame, and nobody who hands over a frame ever waits.
 */

/** Takes frames for one program, or for all that have connected. */
export interface FrameSink {
  /** Whether a frame would be kept or sent: if not, it need not be made. */
  readonly isWanted: boolean;
  /** The frames that wait. */
  readonly queued: number;
  /** The connections over which frames are sent. */
  readonly connections: number;
  /** Opens the sink; calls after the first have no effect. What fails is logged, and tried again. */
  open(): void;
  /** Copies a frame, or drops and counts it. Never waits. */
  push(frame: Uint8Array): void;
  /** Sends what waits to those that are connected, and closes all. */
  stop(): Promise<void>;
}

/** How long until what failed is tried again. */
export const RETRY_MS = 1000;
