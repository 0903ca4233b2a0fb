/**
 * @file Event files of TensorBoard, written by hand: records of TFRecord format (length, masked CRC-32C of it, data, masked
 * CRC-32C of that) that hold protocol buffers `Event { wall_time = 1, step = 2, file_version = 3, summary = 5 }` with
 * `Summary { value = 1 { tag = 1, simple_value = 2 } }`. Source: tensorflow/core/util/event.proto and
 * tensorflow/core/framework/summary.proto; tensorflow/core/lib/io/record_writer.h.
 */

/** Wire types of protocol buffers. */
const VARINT = 0;
const DOUBLE = 1;
const BYTES = 2;
const FLOAT = 5;

/** The record that every event file begins with. @param time seconds since 1970 */
export function fileVersionRecord(time: number): Buffer {
  return record(Buffer.concat([double(1, time), bytes(3, Buffer.from('brain.Event:2'))]));
}

/** One record with the scalars of one step. Values that are not finite are shown by TensorBoard as such. */
export function scalarsRecord(time: number, step: number, scalars: Readonly<Record<string, number>>): Buffer {
  const values = Object.entries(scalars).map(([tag, value]) =>
    bytes(1, Buffer.concat([bytes(1, Buffer.from(tag)), float(2, value)])),
  );
  return record(Buffer.concat([double(1, time), integer(2, step), bytes(5, Buffer.concat(values))]));
}

/** The numbers of an object, by their path, as `validation/estimate/utility`. */
export function scalarsOf(value: object, prefix = ''): Record<string, number> {
  const scalars: Record<string, number> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'number') scalars[prefix + name] = inner;
    else if (typeof inner === 'object' && inner !== null) Object.assign(scalars, scalarsOf(inner, `${prefix}${name}/`));
  }
  return scalars;
}

function record(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, checksum(length), data, checksum(data)]);
}

/** CRC-32C, rotated and shifted, so that the checksum of data that hold checksums is no weaker. */
function checksum(data: Uint8Array): Buffer {
  const crc = crc32c(data);
  const masked = ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(masked >>> 0);
  return buffer;
}

/** The reflected polynomial of Castagnoli's CRC. */
const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** CRC-32C of RFC 3720, section B.4. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of data) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffff_ffff) >>> 0;
}

function varint(value: number): Buffer {
  const groups: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) groups.push((rest % 128) | 128);
  return Buffer.from([...groups, rest]);
}

function field(number: number, type: number): Buffer {
  return varint(number * 8 + type);
}

function integer(number: number, value: number): Buffer {
  return Buffer.concat([field(number, VARINT), varint(value)]);
}

function bytes(number: number, value: Buffer): Buffer {
  return Buffer.concat([field(number, BYTES), varint(value.length), value]);
}

function double(number: number, value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleLE(value);
  return Buffer.concat([field(number, DOUBLE), buffer]);
}

function float(number: number, value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return Buffer.concat([field(number, FLOAT), buffer]);
}
