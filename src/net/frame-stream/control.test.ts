import { expect, test } from 'vitest';
import { Control, ControlReader, encodeControl } from './control.ts';

function readAll(...chunks: readonly Buffer[]) {
  const reader = new ControlReader();
  return chunks.flatMap((chunk) => {
    reader.push(chunk);
    const frames = [];
    for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame);
    return frames;
  });
}

test('a control frame has the octets of the specification', () => {
  expect(encodeControl(Control.READY, 'ab').toString('hex')).toBe('000000000000000e00000004000000010000000261' + '62');
  expect(encodeControl(Control.STOP).toString('hex')).toBe('000000000000000400000003');
});

test('frames are read however their octets arrive', () => {
  const both = Buffer.concat([encodeControl(Control.ACCEPT, 'protobuf:x'), encodeControl(Control.FINISH)]);
  const frames = [
    { type: Control.ACCEPT, contentTypes: ['protobuf:x'] },
    { type: Control.FINISH, contentTypes: [] },
  ];
  expect(readAll(both)).toEqual(frames);
  expect(readAll(...[...both].map((octet) => Buffer.of(octet)))).toEqual(frames);
});

test.each([
  ['a frame of data', Buffer.from('0000000461626364', 'hex'), /does not speak frame streams/],
  ['another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not speak frame streams/],
  ['a frame of more than 512 octets', Buffer.from('00000000ffffffff', 'hex'), /does not speak frame streams/],
  ['a frame without a type', Buffer.from('0000000000000002', 'hex'), /does not speak frame streams/],
  [
    'a field that is longer than the frame',
    Buffer.from('000000000000000c0000000100000001000000ff', 'hex'),
    /cut short/,
  ],
  ['a field without a length', Buffer.from('000000000000000800000001' + '00000001', 'hex'), /cut short/],
])('%s is refused', (_, octets, message) => {
  expect(() => readAll(octets)).toThrow(message);
});
