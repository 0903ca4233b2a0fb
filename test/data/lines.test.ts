import { describe, expect, it } from 'vitest';
import { decodeLine, type Line, splitLines } from '../../src/data/lines.js';
import { gather } from '../helpers/gather.js';
import fc from '../helpers/properties.js';

const file = { kind: 'LOG', name: 'log.jsonl' } as const;

/** The lines of `content`, read in chunks cut at the given places. */
async function lines(content: Buffer, cuts: number[] = [], maxBytes?: number): Promise<Line[]> {
  async function* chunks() {
    const ends = [...cuts.filter((cut) => cut <= content.length), content.length].sort((a, b) => a - b);
    for (const [i, end] of ends.entries()) yield content.subarray(i === 0 ? 0 : ends[i - 1], end);
  }
  const result: Line[] = [];
  for await (const line of splitLines(chunks(), maxBytes)) result.push(line);
  return result;
}

async function* oneChunk(content: Buffer) {
  yield content;
}

const texts = async (content: string | Buffer, cuts?: number[]) =>
  (await lines(Buffer.from(content), cuts)).map((line) => decodeLine(line, file));

describe('splitLines', () => {
  it('gives the same lines however the bytes are cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'ü', '🌳', '\r', ' ') }), { maxLength: 8 }),
        fc.array(fc.nat(60)),
        async (rows, cuts) => {
          const expected = rows.map((row) => row.replace(/\r$/, '')).filter((row) => row !== '');
          expect(await texts(rows.map((row) => `${row}\n`).join(''), cuts)).toEqual(expected);
        },
      ),
    );
  });

  it('goes on from the place of any line', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'ü', '\uFEFF', '\r') }), { maxLength: 8 }),
        fc.array(fc.nat(30)),
        async (rows, cuts) => {
          const content = Buffer.from(rows.join('\n'));
          const all = await lines(content, cuts);
          for (const [i, { number, byte }] of all.entries()) {
            const rest = splitLines(oneChunk(content.subarray(byte)), undefined, { line: number, byte });
            expect(await gather(rest)).toEqual(all.slice(i));
          }
        },
      ),
    );
  });

  it('reads a last line without a line feed, and no line after the last line feed', async () => {
    expect(await texts('a\nb')).toEqual(['a', 'b']);
    expect(await texts('a\nb\n')).toEqual(['a', 'b']);
    expect(await texts('')).toEqual([]);
  });

  it('takes one byte order mark off the file and leaves later ones', async () => {
    expect(await texts('\uFEFFa\n\uFEFFb', [1, 2])).toEqual(['a', '\uFEFFb']);
  });

  it('numbers empty lines too, but leaves them out', async () => {
    expect((await lines(Buffer.from('\n\r\n\nx\n\n'))).map(({ number, length }) => [number, length])).toEqual([[4, 1]]);
  });

  it('keeps only the beginning of a line that is too long and goes on after it', async () => {
    const content = Buffer.from(`12345678\n${'x'.repeat(1000)}\nlast`);
    const [first, second, third] = await lines(content, [11, 12, 13, 500], 8);
    expect(decodeLine(first!, file)).toBe('12345678');
    // As long as it was when it became too long: up to the end of that chunk.
    expect(second).toMatchObject({ number: 2, length: 491 });
    expect(second!.bytes.toString()).toBe('xxxxxxxx');
    expect(() => decodeLine(second!, file)).toThrow(
      expect.objectContaining({
        code: 'LOG_LINE_TOO_LONG',
        message: expect.stringContaining('log.jsonl:2: the line has 491 bytes or more'),
      }),
    );
    expect(decodeLine(third!, file)).toBe('last');
  });
});

it('decodeLine refuses bytes that are not UTF-8', async () => {
  const [line] = await lines(Buffer.from([0x61, 0xff]));
  expect(() => decodeLine(line!, file)).toThrow(
    expect.objectContaining({
      code: 'LOG_INVALID',
      message: 'log.jsonl:1: expected UTF-8 text, got bytes that are not',
    }),
  );
});
