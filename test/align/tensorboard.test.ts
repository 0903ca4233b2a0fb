import { describe, expect, it } from 'vitest';
import { crc32c, fileVersionRecord, scalarsOf, scalarsRecord } from '../../src/align/tensorboard.js';

describe('event files', () => {
  it('have the checksums of RFC 3720, section B.4', () => {
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it('begin with the version, as TensorFlow writes it', () => {
    const record = fileVersionRecord(0);
    expect(record.readBigUInt64LE()).toBe(24n);
    // The masked checksum of a length of 24, as in every event file there is.
    expect(record.subarray(8, 12).toString('hex')).toBe('a37f4b22');
    expect(record.subarray(12, 36).toString('latin1')).toBe(`\t${'\0'.repeat(8)}\x1a\rbrain.Event:2`);
    expect(record).toHaveLength(40);
  });

  it('hold steps, tags and values as protocol buffers', () => {
    const record = scalarsRecord(1.5, 300, { loss: 0.25 });
    const data = record.subarray(12, -4);
    expect(data.readDoubleLE(1)).toBe(1.5);
    // step = 300 as a varint; summary { value { tag "loss", simple_value 0.25 } }
    expect(data.subarray(9).toString('hex')).toBe(`10ac02${'2a0d'}${'0a0b'}${'0a046c6f7373'}${'150000803e'}`);
  });

  it('name scalars by their path and leave out what is no number', () => {
    expect(scalarsOf({ kind: 'step', loss: 1, validation: { estimate: { utility: 2 }, meanRho: null } })).toEqual({
      loss: 1,
      'validation/estimate/utility': 2,
    });
  });
});
