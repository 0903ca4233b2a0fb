/** `pope align --distributed` on GPUs, with the host in place of them and a library with NCCL's interface. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trainingLog } from '../align/runs.js';
import { writeLog } from '../cli/logs.js';
import { runCli } from '../cli/run-cli.js';
import { fakeNccl } from '../helpers/fake-nccl.js';
import { simtBinary } from '../helpers/simt-addon.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const patient = { timeout: 300_000 };
const folder = temporaryFolder();
const compiled = fakeNccl(folder);

/** Trains in as many ranks as asked for, started as torchrun starts them; returns the model's bits and the final value. */
async function train(name: string, ranks: number, ...flags: string[]) {
  const output = join(folder, name);
  const log = writeLog(join(folder, `${name}.jsonl`), trainingLog(12));
  const settings =
    '--method pope --logging log --lr 1e-3 --steps 2 --batch 4 --checkpoint-every 0 --validation-queries 2';
  const argv = ['align', log, '--model', await tinyModel(), '--device', 'cuda', '-o', output, ...settings.split(' ')];
  const ends = await Promise.all(
    Array.from({ length: ranks }, (_, rank) => {
      const place = { RANK: `${rank}`, WORLD_SIZE: `${ranks}`, LOCAL_RANK: `${rank}` };
      const libraries = { POPE_NATIVE_PATH: simtBinary, POPE_NCCL: compiled!.library, POPE_THREADS: '1' };
      const environment = { ...place, ...libraries, POPE_RENDEZVOUS_FILE: join(folder, `${name}.meet`) };
      return runCli([...argv, '--distributed', ...flags], { environment });
    }),
  );
  expect(ends.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual(ends.map(() => 0));
  return {
    model: readFileSync(join(output, 'model/model.safetensors')).toString('base64'),
    value: JSON.parse(readFileSync(join(output, 'result.json'), 'utf8')).final.training.value as number,
  };
}

describe.skipIf(compiled === null)('ranks that train over NCCL', () => {
  it('come to the value of one rank, and to the same bits with the moments spread', patient, async () => {
    const [alone, two, spread] = await Promise.all([
      train('alone', 1),
      train('two', 2),
      train('spread', 2, '--zero', '1'),
    ]);
    expect(two.value).toBeCloseTo(alone.value, 4);
    expect(spread).toEqual(two);
  });

  it('train in 16 bits as well', patient, async () => {
    const [plain, spread] = await Promise.all([
      train('bf16', 2, '--dtype', 'bf16'),
      train('bf16-spread', 2, '--dtype', 'bf16', '--zero', '1'),
    ]);
    expect(spread).toEqual(plain);
  });
});
