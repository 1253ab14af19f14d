/** The kind of a picture, by how many bytes a pixel has: grey, red-green-blue, and that with opacity. */
const COLOR_TYPES: Readonly<Record<number, number>> = { 1: 0, 3: 2, 4: 6 };

const SIGNATURE = '\x89PNG\r\n\x1a\n';

/** A picture: rows of pixels of 1 (grey), 3 (RGB) or 4 (RGBA) bytes. */
export interface Picture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

/** A PNG file. It is packed by a thread of Node's own. */
export async function encodePng({ pixels, width, height, channels }: Picture): Promise<Uint8Array> {
  const { crc32, deflate } = await import('node:zlib');
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // Bits a channel.
  header[9] = COLOR_TYPES[channels];
  // Each row begins with the number of its filter: 0, none.
  const stride = width * channels;
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++)
    rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  const packed = await new Promise<Buffer>((resolve, reject) => {
    deflate(rows, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
  // A piece of the file: length, type, content, checksum of type and content.
  const chunk = (type: string, content: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(content.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  return Buffer.concat([
    Buffer.from(SIGNATURE, 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', packed),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
