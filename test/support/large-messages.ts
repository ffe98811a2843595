const HEADER_OCTETS = 12;
const QNAME = 'big.example.org';
const MAX_POINTER = 0x3fff;

/** A compression pointer. */
export const pointerTo = (at: number): Buffer => Buffer.of(0xc0 | (at >> 8), at);

const TO_QNAME = pointerTo(HEADER_OCTETS);

/** A name of labels without escapes, not compressed. */
export function nameOctets(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)]);
}

export function recordOctets(type: number, rdata: Buffer, owner = TO_QNAME): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(300, 4);
  fixed.writeUInt16BE(rdata.length, 8);
  return Buffer.concat([owner, fixed, rdata]);
}

/** A response to a question for big.example.org, made of records of each section. */
export function responseOctets(type: number, sections: readonly (readonly Buffer[])[], qname = QNAME): Buffer {
  const head = Buffer.alloc(HEADER_OCTETS);
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 4);
  sections.forEach((records, i) => {
    head.writeUInt16BE(records.length, 6 + 2 * i);
  });
  return Buffer.concat([head, nameOctets(qname), Buffer.of(type >> 8, type, 0, 1), ...sections.flat()]);
}

/** Makes records, each told where it starts, until one would end past `octets`. */
function fill(type: number, octets: number, make: (at: number, i: number) => Buffer): Buffer {
  const records: Buffer[] = [];
  for (let at = HEADER_OCTETS + nameOctets(QNAME).length + 4; ; ) {
    const record = make(at, records.length);
    at += record.length;
    if (at > octets) return responseOctets(type, [records, [], []]);
    records.push(record);
  }
}

const label = (i: number) => Buffer.concat([Buffer.of(3), Buffer.from(i.toString(36).padStart(3, '0'))]);

/** As many addresses as fit, each of another name. */
export function addressesOfNames(octets = 58_000): Buffer {
  return fill(1, octets, (_, i) => recordOctets(1, Buffer.of(198, 51, i >> 8, i), Buffer.concat([label(i), TO_QNAME])));
}

/** As many MX records as fit, each with another target. */
export function exchanges(octets = 58_000): Buffer {
  return fill(15, octets, (_, i) => recordOctets(15, Buffer.concat([Buffer.of(0, 10), label(i), TO_QNAME])));
}

/** As many distinct names of almost 255 octets as fit: each is one more label before the one of another record. */
export function chainedNames(octets = 58_000, type = 2): Buffer {
  let tail = TO_QNAME;
  let depth = 0;
  return fill(type, octets, (at, i) => {
    const record = recordOctets(type, Buffer.concat([Buffer.of(1, 0x61 + (i % 26)), tail]));
    const start = at + TO_QNAME.length + 10;
    depth = depth < 110 ? depth + 1 : 0;
    if (depth === 0) tail = TO_QNAME;
    else if (start <= MAX_POINTER) tail = pointerTo(start);
    return record;
  });
}

/** As many distinct names of almost 255 octets as fit: each has a label of its own before one that is as long as names can be. */
export function longTails(octets = 58_000, type = 2): Buffer {
  let tail: Buffer | undefined;
  return fill(type, octets, (at, i) => {
    if (tail) return recordOctets(type, Buffer.concat([label(i), tail]));
    tail = pointerTo(at + TO_QNAME.length + 10);
    return recordOctets(type, Buffer.concat([Buffer.from('\x01a'.repeat(110)), TO_QNAME]));
  });
}

/** Names of almost 255 octets, each with a hundred labels of its own. */
export function wholeNames(octets = 58_000, type = 2): Buffer {
  return fill(type, octets, (_, i) => {
    const labels = Array.from(
      { length: 105 },
      (_, k) => `\x01${String.fromCharCode(97 + ((7 * k + i * (k + 1)) % 26))}`,
    );
    return recordOctets(type, Buffer.concat([label(i), Buffer.from(labels.join('')), TO_QNAME]));
  });
}

export function addresses(octets = 58_000): Buffer {
  return fill(1, octets, (_, i) => recordOctets(1, Buffer.of(10, 1, i >> 8, i)));
}

export function texts(octets = 58_000): Buffer {
  return fill(16, octets, (_, i) => recordOctets(16, label(i)));
}
