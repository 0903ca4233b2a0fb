import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parseStudyConfig, readStudyConfig, studySchema } from '../../../src/experiments/study/config.js';
import { EXPERIMENTS } from '../../../src/experiments/study/index.js';
import { quickly } from '../../../src/experiments/study/quick.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';
import { TINY } from './tiny.js';

const folder = useTemporaryFolder();
const PAPER = fileURLToPath(new URL('../../../docs/paper', import.meta.url));
const parse = (config: unknown) => parseStudyConfig(studySchema({}), config, 'rq.json');

it.each<[string, unknown, RegExp]>([
  ['no object', 7, /^rq\.json: .*object.*; got number 7/],
  ['a key that nobody knows', { ...TINY, methds: [] }, /methds/],
  ['no data', { ...TINY, data: [] }, /^rq\.json: data: .*; got an array of 0/],
  [
    'a log and a world',
    { ...TINY, data: [{ name: 'a', log: 'a', world: 'short' }] },
    /data\[0\]: expected exactly one of log and world/,
  ],
  ['no model', { ...TINY, backbones: [{ name: 'a' }] }, /backbones\[0\]: expected exactly one of model and world/],
  [
    'a name twice',
    { ...TINY, methods: [{ name: 'A' }, { name: 'A' }] },
    /methods\[1\]\.name: expected a name of its own; got "A"/,
  ],
  [
    'a name with a slash',
    { ...TINY, methods: [{ name: 'a/b' }] },
    /methods\[0\]\.name: expected a name of letters.*"a\/b"/,
  ],
  ['an unknown world', { ...TINY, data: [{ name: 'a', world: 'flat' }] }, /data\[0\]\.world: .*got "flat"/],
  [
    'an unknown setting',
    { ...TINY, training: { rate: 1 } },
    /training\.rate: expected a setting of training, one of method, .*got number 1/,
  ],
  ['the seed as a setting', { ...TINY, training: { seed: 1 } }, /training\.seed: expected a setting/],
  ['a wrong setting', { ...TINY, training: { lr: -1 } }, /methods\[0\]\.training: lr: expected a number above 0/],
  ['a wrong baseline', { ...TINY, baseline: 'RLHF' }, /baseline: expected one of Base, SFT, got "RLHF"/],
  [
    'a password in the URL of the judge',
    { ...TINY, judge: { url: 'https://me:secret@host/v1', model: 'm' } },
    /^rq\.json: judge\.url: the URL of host holds a user name or password; set POPE_API_KEY instead[^;]*$/,
  ],
  [
    'a password in the URL of the embedder',
    { ...TINY, metrics: { embedder: 'https://me:secret@host/v1', embedderModel: 'm' } },
    /^rq\.json: metrics\.embedder: the URL of host holds a user name or password; [^;]*$/,
  ],
  ['no URL of a judge', { ...TINY, judge: { url: 'host', model: 'm' } }, /judge\.url: expected a URL .*got "host"$/],
  ['too many samples', { ...TINY, generation: { n: 1.5 } }, /generation\.n: .*got number 1\.5/],
])('says what is wrong: %s', (_, config, message) => {
  expect(() => parse(config)).toThrow(
    expect.objectContaining({ code: 'STUDY_CONFIG', message: expect.stringMatching(message) }),
  );
});

it('names a file that is no JSON', async () => {
  const file = await folder.write('rq.json', '{');
  await expect(readStudyConfig(file)).rejects.toMatchObject({
    code: 'STUDY_CONFIG',
    message: expect.stringContaining(file),
  });
});

it.each(EXPERIMENTS.map((experiment) => [experiment.name, experiment] as const))(
  'the built-in configuration of %s is valid, and so are it written out and quickened',
  (_, { schema, defaults, quicken = (quick) => quick }) => {
    const config = parseStudyConfig(schema, defaults, 'built-in');
    expect(parseStudyConfig(schema, JSON.parse(JSON.stringify(config)), 'config.json')).toEqual(config);
    const quick = quicken(quickly(config));
    expect(parseStudyConfig(schema, JSON.parse(JSON.stringify(quick)), 'config.json')).toEqual(
      JSON.parse(JSON.stringify(quick)),
    );
  },
);

it('a quick study has tiny budgets, and no larger ones than it had', () => {
  const config = parse({
    ...TINY,
    logging: { model: 'gpt2', training: { lr: 1e-4 } },
    seeds: [3, 4],
    testQueries: 100,
    methods: [
      ...TINY.methods,
      { name: 'told', training: { method: 'pope' }, propensities: { inSample: { model: 'gpt2', folds: 5 } } },
    ],
  });
  const quick = quickly(config);
  expect(quick).toMatchObject({ testQueries: 6, generation: { n: 3, maxTokens: 12 }, seeds: [3], resamples: 200 });
  expect(quick.methods[1]).toMatchObject({ training: { method: 'sft', steps: 10 } });
  expect(quick.methods.at(-1)).toMatchObject({
    propensities: { inSample: { model: 'gpt2', folds: 2, training: { steps: 10 } } },
  });
  expect(quick.backbones[0]).toMatchObject({ steps: 8 });
  expect(quick.logging).toMatchObject({ model: 'gpt2', folds: 2, training: { lr: 1e-4, steps: 10 } });
});

it.each(readdirSync(PAPER))('docs/paper/%s is a configuration of its experiment', async (file) => {
  const { schema, name } = EXPERIMENTS.find((experiment) => `${experiment.name}.json` === file)!;
  const config = parseStudyConfig(schema, await readStudyConfig(join(PAPER, file)), name);
  expect(config.backbones).toHaveLength(4);
  expect(config.methods.map((method) => method.name)).toEqual(['Base', 'SFT', 'DPO', 'POPE']);
});
