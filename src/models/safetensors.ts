import type { Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { DataError, describeError, describeValue } from '../errors.js';
import { parseForeignJson } from '../files/json.js';
import { reading } from '../files/text.js';
import { hostMemory } from '../tensor/out-of-memory.js';

/**
 * Bits per element of every dtype of the safetensors format
 * (https://github.com/huggingface/safetensors, README section "Format").
 */
const BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type SafetensorsDtype = keyof typeof BITS;

/** Where a tensor lies: byte range [start, end) counted from the first byte of the file. */
export interface TensorEntry {
  dtype: SafetensorsDtype;
  shape: readonly number[];
  start: number;
  end: number;
}

/** The limit of the reference implementation; a longer header is an attack or a broken length. */
const MAXIMUM_HEADER_BYTES = 100_000_000;

function invalid(file: string, problem: string): DataError {
  return new DataError('INVALID_SAFETENSORS', `${file}: ${problem}. The file is broken or incomplete: get it again.`);
}

/** A byte range or a dimension: an integer that a double holds exactly. */
function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseEntry(file: string, name: string, value: unknown, headerEnd: number): TensorEntry {
  const tensor = `tensor ${describeValue(name)}`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(
      file,
      `${tensor}: expected an object with dtype, shape and data_offsets, got ${describeValue(value)}`,
    );
  }
  const { dtype, shape, data_offsets: offsets, ...rest } = value as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw invalid(file, `${tensor}: unknown field ${describeValue(unknown)}`);
  if (typeof dtype !== 'string' || !Object.hasOwn(BITS, dtype)) {
    throw invalid(
      file,
      `${tensor}: expected dtype to be one of ${Object.keys(BITS).join(', ')}, got ${describeValue(dtype)}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw invalid(file, `${tensor}: expected shape to be an array of sizes, got ${describeValue(shape)}`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw invalid(file, `${tensor}: expected data_offsets to be two byte positions, got ${describeValue(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const bits = shape.reduce((product, size) => product * size, BITS[dtype as SafetensorsDtype]);
  // A product beyond 2^53 is inexact, and no file holds so much.
  if (!Number.isSafeInteger(bits) || bits % 8 !== 0 || end - begin !== bits / 8) {
    const expected = `expected ${bits / 8} bytes for ${dtype} of shape [${shape}]`;
    throw invalid(file, `${tensor}: ${expected}, got the range [${begin}, ${end}) of ${end - begin} bytes`);
  }
  return { dtype: dtype as SafetensorsDtype, shape, start: headerEnd + begin, end: headerEnd + end };
}

/** The format allows neither overlaps nor holes: the ranges, in order, tile the file up to its last byte. */
function checkTiling(file: string, tensors: Map<string, TensorEntry>, headerEnd: number, fileBytes: number): void {
  const byPosition = [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let position = headerEnd;
  for (const [name, entry] of byPosition) {
    if (entry.start !== position) {
      const kind = entry.start < position ? 'overlaps the tensor before it' : 'leaves a hole before it';
      const got = `expected its data to begin at byte ${position - headerEnd}, got ${entry.start - headerEnd}`;
      throw invalid(file, `tensor ${describeValue(name)} ${kind}: ${got}`);
    }
    if (entry.end > fileBytes) {
      const got = `its data ends at byte ${entry.end} of the file, which has ${fileBytes}`;
      throw invalid(file, `tensor ${describeValue(name)} is cut off: ${got}`);
    }
    position = entry.end;
  }
  if (position !== fileBytes) {
    throw invalid(file, `expected the tensors to fill the file, but ${fileBytes - position} bytes follow the last one`);
  }
}

/**
 * Parses and checks the JSON header of a safetensors file.
 *
 * @param header the bytes after the 8-byte length
 * @param fileBytes size of the whole file, which every range is checked against
 * @throws DataError `INVALID_SAFETENSORS` naming the file, the tensor, what was expected and what came
 */
export function parseSafetensorsHeader(file: string, header: Uint8Array, fileBytes: number): Map<string, TensorEntry> {
  const headerEnd = 8 + header.byteLength;
  let json: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
    json = parseForeignJson(text, { keepsPrototypes: true });
  } catch (error) {
    throw invalid(file, `the header is not JSON that can be used (${describeError(error)})`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid(file, `expected the header to be a JSON object, got ${describeValue(json)}`);
  }
  const tensors = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(json)) {
    if (name !== '__metadata__') tensors.set(name, parseEntry(file, name, value, headerEnd));
  }
  checkTiling(file, tensors, headerEnd, fileBytes);
  return tensors;
}

/** An open safetensors file: the checked table of its tensors, and their bytes by range, never the whole file. */
export class SafetensorsFile {
  private constructor(
    readonly path: string,
    readonly tensors: ReadonlyMap<string, TensorEntry>,
    private readonly handle: FileHandle,
    private readonly opened: Stats,
  ) {}

  /** @throws DataError `MISSING_FILE`, `UNREADABLE_FILE` or `INVALID_SAFETENSORS` */
  static async open(path: string): Promise<SafetensorsFile> {
    const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
      throw new DataError('MISSING_FILE', `${path}: cannot be opened (${error.code ?? error.message})`);
    });
    try {
      const opened = await handle.stat();
      const { size } = opened;
      if (!opened.isFile()) throw invalid(path, 'expected a file');
      if (size < 8) throw invalid(path, `expected at least the 8 bytes of the header length, got ${size}`);
      const length = Buffer.from(await readRange(handle, path, 0, 8)).readBigUInt64LE();
      const limit = Math.min(MAXIMUM_HEADER_BYTES, size - 8);
      if (length > BigInt(limit)) throw invalid(path, `expected a header of at most ${limit} bytes, got ${length}`);
      const header = await readRange(handle, path, 8, 8 + Number(length));
      return new SafetensorsFile(path, parseSafetensorsHeader(path, header, size), handle, opened);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The little-endian bytes of a tensor in its stored dtype, row-major. */
  async read(entry: TensorEntry): Promise<Uint8Array> {
    return readRange(this.handle, this.path, entry.start, entry.end);
  }

  /** Fills an array with the bytes of a tensor from byte `offset` of it on. */
  async readInto(entry: TensorEntry, offset: number, target: Uint8Array): Promise<void> {
    await fillFrom(this.handle, this.path, entry.start + offset, target);
  }

  /** @throws DataError `MODEL_CHANGED` where the path leads to other bytes than were there when it was opened */
  async requireUnchanged(): Promise<void> {
    const { ino, size, mtimeMs } = this.opened;
    const now = await stat(this.path).catch(() => null);
    if (now?.ino === ino && now.size === size && now.mtimeMs === mtimeMs) return;
    throw new DataError(
      'MODEL_CHANGED',
      `${this.path}: the file was replaced or written while it was read: load it again.`,
    );
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

async function readRange(handle: FileHandle, path: string, start: number, end: number): Promise<Uint8Array> {
  const bytes = hostMemory(end - start, () => new Uint8Array(end - start));
  await fillFrom(handle, path, start, bytes);
  return bytes;
}

async function fillFrom(handle: FileHandle, path: string, start: number, bytes: Uint8Array): Promise<void> {
  let filled = 0;
  while (filled < bytes.length) {
    // One read call is limited to 2 GiB.
    const length = Math.min(bytes.length - filled, 1 << 30);
    const { bytesRead } = await reading(path, handle.read(bytes, filled, length, start + filled));
    const end = start + bytes.length;
    if (bytesRead === 0) throw invalid(path, `ended at byte ${start + filled}, expected to read up to byte ${end}`);
    filled += bytesRead;
  }
}
