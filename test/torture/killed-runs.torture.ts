import { it } from 'vitest';
import { expectKilledRunToEndTheSame } from '../align/killed-run.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { tortureCases } from '../helpers/torture.js';

const folder = temporaryFolder();

it('a training run that is killed at random moments ends with the bits of one that is not', async () => {
  await expectKilledRunToEndTheSame(folder, await tinyModel(), tortureCases(20));
}, 600_000);
