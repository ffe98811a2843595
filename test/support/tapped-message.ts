/** The fields of a protobuf message, by their numbers: numbers as they are, octets as a Buffer. A second reading of the format, apart from the encoder. */
export function protobufFields(message: Buffer): ReadonlyMap<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const octet = message.readUInt8(at++);
      value += (octet & 0x7f) * factor;
      if (octet < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const field = Math.floor(key / 8);
    if (key % 8 === 0) fields.set(field, varint());
    else if (key % 8 === 5) {
      fields.set(field, message.readUInt32LE(at));
      at += 4;
    } else {
      const octets = varint();
      fields.set(field, message.subarray(at, at + octets));
      at += octets;
    }
  }
  return fields;
}

const TYPES: Readonly<Record<number, string>> = { 5: 'CQ', 6: 'CR', 7: 'FQ', 8: 'FR' };
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'udp', 2: 'tcp', 3: 'dot', 4: 'doh' };

/** A dnstap message as a test compares it. Times are in seconds. */
export function readTapped(frame: Buffer) {
  const outer = protobufFields(frame);
  const inner = protobufFields(outer.get(14) as Buffer);
  const text = (field: number) => outer.get(field)?.toString();
  const time = (field: number) => {
    const seconds = inner.get(field) as number | undefined;
    return seconds === undefined ? undefined : seconds + (inner.get(field + 1) as number) / 1e9;
  };
  const address = (field: number) => (inner.has(field) ? [...(inner.get(field) as Buffer)].join('.') : undefined);
  return {
    ...{ identity: text(1), version: text(2), extra: text(3) },
    type: TYPES[inner.get(1) as number],
    family: inner.get(2),
    protocol: PROTOCOLS[inner.get(3) as number],
    ...{ queryAddress: address(4), responseAddress: address(5), queryPort: inner.get(6), responsePort: inner.get(7) },
    ...{ queryTime: time(8), responseTime: time(12) },
    ...{ query: inner.get(10) as Buffer | undefined, response: inner.get(14) as Buffer | undefined },
    /** The numbers of all fields. */
    fields: [[...outer.keys()].sort((a, b) => a - b), [...inner.keys()].sort((a, b) => a - b)],
  };
}
