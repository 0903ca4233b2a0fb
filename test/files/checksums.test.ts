/** Every bit of what is kept: flipped, it is found and named, or changes nothing that is read. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { align } from '../../src/align/align.js';
import { RunFolder, resumeFolder } from '../../src/align/run-folder.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { DataError } from '../../src/errors.js';
import { verifyChecksums } from '../../src/files/checksums.js';
import { replaceFolder } from '../../src/files/folder.js';
import { loadModel } from '../../src/models/index.js';
import { parseGenerationLine, toGenerationLine } from '../../src/policy/generation-line.js';
import { parseScoreLine, toScoreLine } from '../../src/policy/score-line.js';
import { shortRun, trainingLog } from '../align/runs.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const folder = temporaryFolder();

const score = toScoreLine(
  'q"1',
  { response: 'é', logprob: -38.25, tokens: 17, bytes: 71, entropy: null, key: 'sha256:1', truncated: 3 },
  { policy: 'tiny', model: 'sha256:2', tokenizer: null, temperature: 0.7, dtype: 'f32', identity: 'sha256:3' },
  'train',
);
const generation = toGenerationLine({
  ...{ query: 'q1', index: 0, text: 'a\nb', tokens: 2, logprob: -1.5, finish: 'stop', policy: 'tiny', seed: 7 },
  ...{ temperature: 1, identity: 'sha256:3', key: 'sha256:4' },
});

describe.each([
  ['score', score, parseScoreLine],
  ['generation', generation, parseGenerationLine],
] as [string, object, (text: string, place: string) => object][])('a %s line', (_, line, parse) => {
  const bytes = Buffer.from(JSON.stringify(line));
  const original = parse(bytes.toString(), 'f:1');

  it('with a flipped bit is refused by place, or reads the same', () => {
    let refused = 0;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      try {
        expect(parse(flipped.toString(), 'f:1')).toEqual(original);
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        expect(error.message).toMatch(/^f:1: /);
        refused++;
      }
    }
    // What reads the same is the name of the checksum itself.
    expect(refused / (8 * bytes.length)).toBeGreaterThan(0.85);
  });

  it('that another tool has printed in its own way is read', () => {
    const shuffled = Object.fromEntries(Object.entries(line).reverse());
    expect(parse(JSON.stringify(shuffled, null, 1), 'f:1')).toEqual(original);
  });
});

describe('a folder', () => {
  it('is what sha256sum says it is, and names the file of which a bit was flipped', async () => {
    const path = join(folder, 'whole');
    await replaceFolder(path, 'a.json', async (temporary) => {
      writeFileSync(join(temporary, 'a.json'), '{"a":1}');
      await replaceFolder(join(temporary, 'inner'), 'b', async (inner) => writeFileSync(join(inner, 'b'), 'b'));
    });
    if (process.platform === 'linux') execFileSync('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: path });
    await verifyChecksums(path);
    const files = ['a.json', 'SHA256SUMS', join('inner', 'SHA256SUMS')].map((name) => join(path, name));
    for (const file of files) {
      const bytes = readFileSync(file);
      // A bit of nearly every byte.
      for (let bit = 0; bit < 8 * bytes.length; bit += 9) {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(file, flipped);
        await expect(verifyChecksums(path), `bit ${bit} of ${file}`).rejects.toMatchObject({ code: 'CHECKSUM' });
      }
      writeFileSync(file, bytes);
    }
    await verifyChecksums(path);
  });

  it('without checksums is taken as it is', async () => {
    expect(await verifyChecksums(join(folder, 'none'))).toEqual(new Map());
  });
});

describe('a checkpoint', () => {
  let base: string;
  const log = () => LoggedDataset.fromSlates(trainingLog(40));
  async function run(
    output: string,
    checkpoint: 'latest' | 'previous' = 'latest',
    stopAfter = Number.POSITIVE_INFINITY,
  ) {
    using model = await loadModel((await resumeFolder(output, checkpoint)) ?? base);
    const controller = new AbortController();
    return await align(model, log(), {
      ...shortRun(output, { resume: true, checkpoint, signal: controller.signal }),
      onProgress: ({ step }) => {
        if (step === stopAfter) controller.abort(new Error('stopped'));
      },
    });
  }
  /** The folder of the latest checkpoint. */
  const latest = (output: string) => new RunFolder(output).checkpoints().then((all) => all.at(-1)!.path);
  const weights = (output: string) => readFileSync(join(output, 'model', 'model.safetensors')).toString('base64');
  const interrupted = join(folder, 'interrupted');
  beforeAll(async () => {
    base = await tinyModel();
    await run(join(folder, 'left alone'));
    await expect(run(interrupted, 'latest', 5)).rejects.toThrow('stopped');
    expect(readdirSync(join(interrupted, 'checkpoints'))).toHaveLength(2);
  });

  it.each([
    ['model/model.safetensors', 10_000],
    ['model/tokenizer.json', 500],
    ['model/config.json', 20],
    ['optimizer.safetensors', 10_000],
    ['state.json', 12],
    ['SHA256SUMS', 3],
  ])('with a flipped bit in %s is named', async (file, byte) => {
    const path = join(await latest(interrupted), file);
    const bytes = readFileSync(path);
    const flipped = Buffer.from(bytes);
    flipped[byte]! ^= 4;
    writeFileSync(path, flipped);
    await expect(run(interrupted)).rejects.toMatchObject({
      code: 'CHECKSUM',
      message: expect.stringMatching(/checkpoints.step-\d.*: not as it was written: .*--checkpoint previous/),
    });
    writeFileSync(path, bytes);
  });

  it('is given up on request for the one before, which ends with the same bits', async () => {
    await run(interrupted, 'previous');
    expect(weights(interrupted)).toBe(weights(join(folder, 'left alone')));
    expect(await latest(interrupted)).toMatch(/step-10$/);
  });

  it('that was the only one is given up for a new beginning', async () => {
    const output = join(folder, 'only');
    await expect(run(output, 'latest', 2)).rejects.toThrow('stopped');
    writeFileSync(join(await latest(output), 'state.json'), '{');
    await expect(run(output)).rejects.toMatchObject({ code: 'CHECKSUM' });
    await run(output, 'previous');
    expect(weights(output)).toBe(weights(join(folder, 'left alone')));
  });
});
