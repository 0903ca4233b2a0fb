/** Writes a safetensors file: 8-byte little-endian header length, JSON header, data. */
export function safetensorsBytes(header: object | string, data: Uint8Array = new Uint8Array()): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

/** A file of f32 tensors, laid out in the given order. */
export function floatFile(tensors: Record<string, { shape: number[]; values: ArrayLike<number> }>): Buffer {
  let position = 0;
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const bytes = Buffer.from(Float32Array.from(values).buffer);
    header[name] = { dtype: 'F32', shape, data_offsets: [position, position + bytes.length] };
    position += bytes.length;
    parts.push(bytes);
  }
  return safetensorsBytes(header, Buffer.concat(parts));
}
