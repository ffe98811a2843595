import type { Edns, Message, Question } from '../../dns/message.ts';
import { foldName, type Name } from '../../dns/name.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import type { Peer } from '../../net/transport.ts';
import type { Arrival, Protocol, Query } from '../../plugin/query.ts';
import type { Scan } from './key.ts';

/** What the scan has found beside the name. */
type Shape = Pick<Scan, 'type' | 'do' | 'hasEdns' | 'udpSize' | 'hasOptions'>;

/** A query that the memo answered from its octets. Other parts are decoded when an observer reads them. */
export class MemoQuery implements Query {
  readonly protocol: Protocol;
  readonly octets: number;
  readonly receivedMs: number;
  readonly type: number;
  readonly zone: Name;
  readonly server: string;
  readonly depth = 0;
  readonly shared = false;
  readonly tailored = false;
  readonly #bytes: Uint8Array;
  readonly arrival: Arrival;
  private readonly hasEdns: boolean;
  /** The OPT record, unless it must be decoded. */
  private readonly plainEdns: Edns | undefined;
  private decoded: Message | undefined;

  constructor(bytes: Uint8Array, arrival: Arrival, scan: Shape, zone: Name, server: string) {
    this.protocol = arrival.protocol;
    this.octets = arrival.octets;
    this.receivedMs = arrival.receivedMs;
    this.type = scan.type;
    this.zone = zone;
    this.server = server;
    this.#bytes = bytes;
    this.arrival = arrival;
    this.hasEdns = scan.hasEdns;
    const isPlain = scan.hasEdns && !scan.hasOptions;
    this.plainEdns = isPlain ? { udpSize: scan.udpSize, version: 0, do: scan.do, options: NO_OPTIONS } : undefined;
  }

  /** The same query for an observer that may change what it gets. */
  copy(): MemoQuery {
    const { arrival, type, hasEdns, plainEdns, zone, server } = this;
    const { do: hasDo, udpSize } = plainEdns ?? { do: false, udpSize: 0 };
    const shape = { type, hasEdns, hasOptions: !plainEdns, do: hasDo, udpSize };
    return new MemoQuery(this.#bytes, arrival, shape, zone, server);
  }

  get client(): Peer {
    return this.arrival.client;
  }

  get local(): Peer {
    return this.arrival.local;
  }

  get message(): Message {
    this.decoded ??= decodeMessage(this.#bytes);
    return this.decoded;
  }

  get question(): Question {
    return this.message.questions[0]!;
  }

  get name(): Name {
    return foldName(this.question.name);
  }

  get class(): number {
    return this.question.class;
  }

  get ad(): boolean {
    return this.message.ad;
  }

  get edns(): Edns | undefined {
    return this.hasEdns ? (this.plainEdns ?? this.message.edns) : undefined;
  }
}

const NO_OPTIONS: Edns['options'] = Object.freeze([]);
