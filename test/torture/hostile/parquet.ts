import { readFileSync } from 'node:fs';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { ByteWriter, parquetWriteBuffer } from 'hyparquet-writer';
import { serializeTCompactProtocol } from 'hyparquet-writer/src/thrift.js';
import type { Random } from '../../../src/estimators/random.js';
import { type Family, fixturePath, magnitude, pick } from './case.js';

/** A structure of Thrift as it is stored: fields by number. */
type Thrift = Record<string, unknown>;

const MAGIC = Buffer.from('PAR1');
const nested = readFileSync(fixturePath('log/nested-snappy.parquet'));
const text = ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b'];
const table = Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'text', data: text, type: 'STRING' }] }));

/** Parquet whose footer or pages claim what is not there. */
export const parquet: Family = (random, i) => {
  switch (i % 5) {
    case 0:
    case 1:
      return log('a lie in the footer', lyingFooter(random, nested));
    case 2:
      return log('a lie in every row group', lyingGroups(random));
    case 3:
      return rows('a lie in a page', lyingPage(random));
    default:
      return log('a broken file', broken(random));
  }
};

const log = (name: string, content: Uint8Array) => ({
  name: `parquet: ${name}`,
  files: { 'hostile.parquet': content },
  command: ['evaluate', '@hostile.parquet', '--target', '@log.jsonl', '--logging', 'log', '--quiet'],
  // What still reads as a log meets scores that are none.
  codes: /^(LOG_UNREADABLE|LOG_INVALID|LOG_EMPTY|SCORES_INVALID)$/,
});

const rows = (name: string, content: Uint8Array) => ({
  name: `parquet: ${name}`,
  files: { 'hostile.parquet': content },
  command: ['import', 'generic', '@hostile.parquet', '--map', 'text=text', '--min-slate', '2', '-o', '@out.jsonl'],
  codes: /^(INPUT_UNREADABLE|INPUT_INVALID|IMPORT_EMPTY)$/,
});

function footerOf(file: Buffer): { body: Buffer; footer: Thrift } {
  const length = file.readUInt32LE(file.length - 8);
  const bytes = file.subarray(file.length - 8 - length, file.length - 8);
  return { body: file.subarray(0, file.length - 8 - length), footer: decode(bytes).value };
}

function decode(bytes: Buffer): { value: Thrift; length: number } {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  return { value: deserializeTCompactProtocol(reader) as Thrift, length: reader.offset };
}

function encode(value: Thrift): Buffer {
  const writer = new ByteWriter();
  serializeTCompactProtocol(writer, value as never);
  return Buffer.from(writer.getBytes());
}

function withFooter(body: Buffer, footer: Thrift): Buffer {
  const bytes = encode(footer);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([body, bytes, length, MAGIC]);
}

const LIES = [-1, 0, 1, 7, 100, 2 ** 20, 2 ** 28, 2 ** 31 - 1];

/** Another value of the same type; a number is always another one. */
function lie(random: Random, value: unknown): unknown {
  const number = random.integer(3) === 0 ? magnitude(random, 31) : pick(random, LIES);
  if (typeof value === 'bigint') return BigInt(number) === value ? value + 1n : BigInt(number);
  return number === value ? number + 1 : number;
}

/** Every number in a structure, as a place that can be changed. */
function places(value: unknown): { holder: Thrift; field: string }[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const isNumber = typeof inner === 'number' || typeof inner === 'bigint';
    return isNumber ? [{ holder: value as Thrift, field }] : places(inner);
  });
}

function lyingFooter(random: Random, file: Buffer): Buffer {
  const { body, footer } = footerOf(file);
  for (let n = 1 + random.integer(3); n > 0; n--) {
    const { holder, field } = pick(random, places(footer));
    holder[field] = lie(random, holder[field]);
  }
  return withFooter(body, footer);
}

/** Rows, values and sizes of row groups and columns. */
function lyingGroups(random: Random): Buffer {
  const { body, footer } = footerOf(nested);
  const field = pick(random, ['field_5', 'field_6', 'field_7', 'field_9', 'rows']);
  const value = BigInt(pick(random, [-1, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER, magnitude(random, 50)]));
  for (const group of footer.field_4 as Thrift[]) {
    if (field === 'rows') group.field_3 = value;
    else for (const column of group.field_1 as Thrift[]) (column.field_3 as Thrift)[field] = value;
  }
  return withFooter(body, footer);
}

/** The only page of a table, with another header; the footer says the truth about its place. */
function lyingPage(random: Random): Buffer {
  const { body, footer } = footerOf(table);
  const { value: header, length } = decode(body.subarray(4));
  const found = places(header);
  const { holder, field } = pick(random, found);
  holder[field] = lie(random, holder[field]);
  const changed = encode(header);
  const [group] = footer.field_4 as Thrift[];
  const column = (group!.field_1 as Thrift[])[0]!.field_3 as Thrift;
  column.field_7 = BigInt(Number(column.field_7) + changed.length - length);
  const claims = random.integer(2) === 0;
  if (claims) {
    // The footer plays along, so that nothing but the bytes themselves speaks against it.
    column.field_5 = footer.field_3 = group!.field_3 = BigInt(2 ** (10 + random.integer(22)));
    column.field_6 = BigInt(2 ** 31);
  }
  return withFooter(Buffer.concat([MAGIC, changed, body.subarray(4 + length)]), footer);
}

function broken(random: Random): Buffer {
  switch (random.integer(5)) {
    case 0:
      return nested.subarray(0, 4 + random.integer(nested.length - 5));
    case 1: {
      const copy = Buffer.from(nested);
      copy.writeUInt32LE(magnitude(random, 32) >>> 0, copy.length - 8);
      return copy;
    }
    case 2: {
      // Structures in structures, lists that claim two thousand million booleans.
      const piece = pick(random, [
        [0x1c],
        [0x19, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07],
        [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07],
        [0x18, 0xff, 0xff, 0xff, 0xff, 0x07],
      ]);
      const footer = Buffer.alloc(piece.length * magnitude(random, 18), Buffer.from(piece));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(footer.length);
      return Buffer.concat([MAGIC, footer, length, MAGIC]);
    }
    case 3: {
      const { body, footer } = footerOf(nested);
      const schema = footer.field_2 as Thrift[];
      schema[0]!.field_5 = pick(random, [-1, 2 ** 31 - 1, 0, schema.length * 2]);
      return withFooter(body, footer);
    }
    default: {
      const copy = Buffer.from(nested);
      const { body } = footerOf(nested);
      copy.fill(pick(random, [0, 255, 1, 128]), 4, 5 + random.integer(body.length - 5));
      return copy;
    }
  }
}
