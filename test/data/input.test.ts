import { execFileSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it, vi } from 'vitest';
import { openInput, readBytes } from '../../src/data/input.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
afterEach(() => vi.restoreAllMocks());

async function content(name: string): Promise<string[]> {
  const file = await openInput(name, 'LOG');
  const passes: string[] = [];
  for (let pass = 0; pass < 2; pass++) {
    const chunks: Buffer[] = [];
    for await (const chunk of readBytes(file)) chunks.push(chunk);
    passes.push(Buffer.concat(chunks).toString());
  }
  return passes;
}

it('reads standard input, compressed or not, as often as asked', async () => {
  for (const bytes of [Buffer.from('line\n'), gzipSync('line\n')]) {
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([bytes]) as typeof process.stdin);
    expect(await content('-')).toEqual(['line\n', 'line\n']);
  }
});

it.skipIf(process.platform === 'win32')('reads a pipe as often as asked', async () => {
  const pipe = folder.path('pipe');
  execFileSync('mkfifo', [pipe]);
  createWriteStream(pipe).end('line\n');
  expect(await content(pipe)).toEqual(['line\n', 'line\n']);
});

it('reports the bytes as stored', async () => {
  const bytes = gzipSync('x'.repeat(100_000));
  const file = await openInput(await folder.write('x.gz', bytes), 'LOG');
  const seen: number[] = [];
  for await (const _ of readBytes(file, (count) => seen.push(count)));
  expect(seen.at(-1)).toBe(bytes.length);
});

it('says how to get what is missing, by kind', async () => {
  for (const [kind, hint] of [
    ['LOG', 'pope import'],
    ['SCORES', 'pope score'],
    ['GENERATIONS', 'pope generate'],
    ['INPUT', 'existing file'],
  ] as const) {
    await expect(openInput(folder.path('none'), kind)).rejects.toMatchObject({
      code: `${kind}_NOT_FOUND`,
      message: expect.stringContaining(hint),
    });
  }
});
