import { it } from 'vitest';
import { expectKilledRunToEndTheSame } from '../align/killed-run.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { reportTorture, tortureCases } from '../helpers/torture.js';

const KILLS = tortureCases(20);
const folder = temporaryFolder();

it('a training run that is killed at random moments ends with the bits of one that is not', async () => {
  await expectKilledRunToEndTheSame(folder, await tinyModel(), KILLS);
  reportTorture(`killed runs: ${KILLS} kills of one training run, which ended with the same bits`);
}, 600_000);
