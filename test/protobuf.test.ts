import test from 'ava';
import { Message } from '../lib/io/protobuf.js';
import { readMessage, readVarint } from './support/protobuf.js';

const hex = (message: Message): string => Buffer.from(message.finish()).toString('hex');

test('the examples of the encoding are written as they stand there', (t) => {
  t.is(hex(new Message().int(1, 150)), '089601');
  t.is(hex(new Message().string(2, 'testing')), '120774657374696e67');
  t.is(hex(new Message().message(3, new Message().int(1, 150))), '1a03089601');
  t.is(hex(new Message().packedInts(6, [3, 270, 86942])), '3206038e029ea705');
  t.is(hex(new Message().int(1, -2)), '08feffffffffffffffff01');
  t.is(hex(new Message().bool(1, true).bool(2, false)), '08011000');
  t.is(hex(new Message().float(1, 1).double(2, -2)), '0d0000803f1100000000000000c0');
  t.is(hex(new Message().packedFloats(1, [1]).packedDoubles(2, [1])), '0a040000803f1208000000000000f03f');
  t.is(hex(new Message().packedInts(1, []).packedFloats(2, []).packedDoubles(3, [])), '');
});

test('whole numbers of any size come back', (t) => {
  const values = [0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 35 + 3, Number.MAX_SAFE_INTEGER, 2n ** 64n - 1n];
  for (const value of values) {
    const [read] = readMessage(new Message().int(1, value).finish()).get(1) ?? [];
    t.is(read, BigInt(value));
  }
  const [least] = readMessage(new Message().int(1, -(2n ** 63n)).finish()).get(1) ?? [];
  t.is(BigInt.asIntN(64, least as bigint), -(2n ** 63n));
  t.is(readVarint(new Message().int(2 ** 20, 5).finish(), 0)[0], 2n ** 23n);
});

test('long bytes are not copied, and come in their place', (t) => {
  const long = Uint8Array.from({ length: 5000 }, (_, i) => i);
  const inner = new Message().string(1, 'before').bytes(2, long).string(3, 'after');
  const message = new Message().message(1, inner).int(2, 7).bytes(3, long.subarray(0, 3));
  t.true(message.parts().includes(long));
  t.is(message.finish().length, message.length);
  const fields = readMessage(message.finish());
  const within = readMessage(fields.get(1)?.[0] as Buffer);
  t.is(String(within.get(1)?.[0]), 'before');
  t.deepEqual([...(within.get(2)?.[0] as Buffer)], [...long]);
  t.is(String(within.get(3)?.[0]), 'after');
  t.is(fields.get(2)?.[0], 7n);
  t.deepEqual([...(fields.get(3)?.[0] as Buffer)], [0, 1, 2]);
});

test('many fields are written in order', (t) => {
  const message = new Message();
  for (let i = 0; i < 10_000; i++) message.int(1, i);
  const read = readMessage(message.finish()).get(1) ?? [];
  t.deepEqual(
    read,
    Array.from({ length: 10_000 }, (_, i) => BigInt(i)),
  );

  const floats = Array.from({ length: 999 }, (_, i) => i / 2);
  const packed = readMessage(
    new Message().bool(1, true).packedFloats(2, floats).packedDoubles(3, floats).finish(),
  );
  t.is((packed.get(2)?.[0] as Buffer).readFloatLE(4 * 998), 499);
  t.is((packed.get(3)?.[0] as Buffer).readDoubleLE(8 * 998), 499);
});
