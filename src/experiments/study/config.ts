/**
 * @file What a study is told: one JSON file (docs/experiments.md). The schema here is what all experiments share; each adds its own
 * keys with `studySchema`. A key that nobody knows is an error, and so is a setting of training that `align` would refuse.
 */

import { z } from 'zod';
import { resolveSettings, type TrainingSettings } from '../../align/options.js';
import { describeError, describeValue, UsageError } from '../../errors.js';
import { form, reduction } from '../../estimators/result.js';
import { parseForeignJson } from '../../files/json.js';
import { readWholeText } from '../../files/text.js';
import type { LocalPolicyOptions } from '../../policy/local-policy.js';
import { Endpoint, isUrl } from '../../remote/endpoint.js';
import { REWARDS } from '../../reward/index.js';
import { TEXT_WORLDS, type TextWorldName } from '../worlds/text/worlds.js';

const count = z.int().min(1);
const whole = z.int().min(0);
/** Names are parts of folder names. */
const name = z.string().regex(/^[A-Za-z0-9][\w.+-]*$/, 'expected a name of letters, digits and . _ + -');
const path = z.string().min(1);
const world = z.enum(Object.keys(TEXT_WORLDS) as [TextWorldName, ...TextWorldName[]]);

/** One with a password is refused before it is written anywhere, and not shown. */
function checkUrl(url: string, context: z.RefinementCtx): void {
  try {
    new Endpoint(url);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message, params: { namesValue: true } });
  }
}

export const serverUrl = path.superRefine(checkUrl);

const KNOWN_SETTINGS = new Set(Object.keys(resolveSettings({})));

/** Settings of `pope align` by their library names (docs/training.md), without the seed, which the study gives. */
const training = z.record(z.string(), z.unknown()).transform((settings, context) => {
  for (const key of Object.keys(settings)) {
    if (KNOWN_SETTINGS.has(key) && key !== 'seed') continue;
    const known = [...KNOWN_SETTINGS].filter((setting) => setting !== 'seed').join(', ');
    context.addIssue({ code: 'custom', path: [key], message: `expected a setting of training, one of ${known}` });
  }
  return settings as TrainingSettings;
});

/** How text becomes tokens, as the flags of the same names. */
const encoding = z
  .strictObject({
    system: z.string().optional(),
    template: z.enum(['auto', 'raw']).optional(),
    end: z.enum(['auto', 'none']).optional(),
    onOverflow: z.enum(['error', 'skip', 'truncate']).optional(),
  })
  // JSON has no undefined.
  .transform((given) => given as Pick<LocalPolicyOptions, 'system' | 'template' | 'end' | 'onOverflow'>);

export const fittedLogging = z.strictObject({
  model: path.describe('Folder of the model that is fitted to the log, or the name of a backbone.'),
  folds: z.int().min(2).optional(),
  training: training.optional(),
  encoding: encoding.optional(),
});

/** What training is told of the logging policy instead of what is known of it (changed-logging.ts). */
export const propensities = z.union([
  z.strictObject({ noise: z.number().positive().describe('Standard deviation of what is added to each l0, nats.') }),
  z.strictObject({ factor: z.number().positive().describe('Each l0 times this, as by another temperature.') }),
  z.strictObject({ fit: fittedLogging.describe('Another logging policy, cross-fitted.') }),
  z.strictObject({ inSample: fittedLogging.describe('The same, scored by the model that saw every response.') }),
]);

/** Where propensities come from. */
export const logging = z.union([z.literal('log'), fittedLogging]);

const data = z
  .strictObject({
    name,
    log: z.union([path, z.array(path).min(1)]).optional(),
    splitRatio: z.tuple([z.number(), z.number(), z.number()]).optional(),
    splitSeed: whole.optional(),
    world: world.optional(),
    seed: whole.default(0),
    slatesPerQuery: count.default(8),
    slateSize: count.default(6),
    logging: logging.optional(),
  })
  .refine(
    (given) => (given.log === undefined) !== (given.world === undefined),
    'expected exactly one of log and world',
  );

const backbone = z
  .strictObject({
    name,
    model: path.optional(),
    world: world.optional(),
    seed: whole.default(0),
    steps: count.default(900),
    encoding: encoding.optional(),
  })
  .refine(
    (given) => (given.model === undefined) !== (given.world === undefined),
    'expected exactly one of model and world',
  );

const method = z.strictObject({
  name,
  training: training.optional().describe('Left out: the backbone as it is.'),
  propensities: propensities.optional().describe('Changed for the training of this method.'),
});

const generation = z.strictObject({
  n: count.default(50),
  maxTokens: count.default(128),
  temperature: z.number().min(0).default(1),
  topK: whole.default(0),
  topP: z.number().positive().max(1).default(1),
});

/** How answers are measured. */
export const metrics = z.strictObject({
  embedder: path
    .superRefine((embedder, context) => {
      if (isUrl(embedder)) checkUrl(embedder, context);
    })
    .describe("A model folder, the URL of a server, lexical, or world: the text worlds' own."),
  embedderModel: z.string().optional(),
  tau: z.number().optional(),
  top: count.optional(),
  alignScore: path.optional(),
  fluency: path
    .optional()
    .describe("A model folder, or world: a model of the text worlds' language that nothing else uses."),
});

const value = z.strictObject({
  reward: z.enum(REWARDS).optional(),
  form: form.optional(),
  lambdaCu: z.number().min(0).optional(),
  lambdaDiv: z.number().min(0).optional(),
  reduction: reduction.optional(),
  transform: z.string().optional(),
});

const judge = z.strictObject({
  url: serverUrl,
  model: z.string(),
  responses: count.default(50),
});

/** The keys that every experiment has. */
export const studyShape = {
  data: named(data),
  backbones: named(backbone),
  methods: named(method),
  logging: logging.default('log'),
  training: training.default({}).describe('Of all methods; a method may say otherwise.'),
  baseline: name.optional().describe('Method that the others are compared with; default SFT where there is one.'),
  seeds: z.array(whole).min(1).optional(),
  testQueries: count.optional().describe('Most test queries of each data set; default all.'),
  generation: generation.prefault({}),
  metrics: metrics.prefault({ embedder: 'lexical' }),
  value: value.prefault({}),
  judge: judge.optional(),
  alpha: z.number().positive().max(0.5).default(0.05),
  resamples: count.default(2000),
  device: z.enum(['auto', 'cpu', 'cuda']).default('auto'),
  stages: path
    .optional()
    .describe('Folder of the stages, to share them between experiments; default: in the output folder.'),
};

/** Schema of an experiment: what all have, and its own keys. */
export function studySchema<const Own extends z.ZodRawShape>(own: Own) {
  return z.strictObject({ ...studyShape, ...own });
}

const plain = studySchema({});
export type StudyConfig = z.output<typeof plain>;
export type StudyInput = z.input<typeof plain>;
export type DataConfig = StudyConfig['data'][number];
export type BackboneConfig = StudyConfig['backbones'][number];
export type MethodConfig = StudyConfig['methods'][number];
export type PropensityChange = z.output<typeof propensities>;
export type LoggingConfig = StudyConfig['logging'];

/** Reads a configuration. @throws UsageError STUDY_CONFIG naming the file */
export async function readStudyConfig(file: string): Promise<unknown> {
  const text = await readWholeText(file).catch((error: unknown) => {
    throw new UsageError('STUDY_CONFIG', `${file}: cannot be read: ${describeError(error)}`, { cause: error });
  });
  try {
    return parseForeignJson(text);
  } catch (error) {
    throw new UsageError('STUDY_CONFIG', `${file}: expected one JSON object: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** Checks a configuration and fills in defaults. @throws UsageError STUDY_CONFIG naming place, key and what came */
export function parseStudyConfig<S extends z.ZodType>(schema: S, value: unknown, place: string): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw refuse(place, value, result.error.issues[0]!);
  const config = result.data as StudyConfig;
  for (const [i, { training }] of config.methods.entries()) {
    checkTraining(`${place}: methods[${i}].training`, { ...config.training, ...training });
  }
  if (config.baseline !== undefined && !config.methods.some(({ name }) => name === config.baseline)) {
    const known = config.methods.map(({ name }) => name).join(', ');
    throw new UsageError('STUDY_CONFIG', `${place}: baseline: expected one of ${known}, got "${config.baseline}"`);
  }
  return result.data;
}

function checkTraining(place: string, settings: TrainingSettings): void {
  try {
    resolveSettings(settings);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError('STUDY_CONFIG', `${place}: ${error.message}`);
    throw error;
  }
}

/** A list of things with names of their own. */
function named<T extends z.ZodType<{ name: string }>>(item: T) {
  return z
    .array(item)
    .min(1)
    .superRefine((list, context) => {
      for (const [i, { name }] of list.entries()) {
        if (list.findIndex((other) => other.name === name) === i) continue;
        context.addIssue({ code: 'custom', path: [i, 'name'], message: 'expected a name of its own' });
      }
    });
}

function refuse(place: string, value: unknown, issue: z.core.$ZodIssue): UsageError {
  const where = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const what = `${place}: ${where === '' ? '' : `${where.slice(1)}: `}${issue.message}`;
  if (issue.code === 'custom' && issue.params?.namesValue) return new UsageError('STUDY_CONFIG', what);
  const got = issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], value);
  return new UsageError('STUDY_CONFIG', `${what}; got ${got === undefined ? 'nothing' : describeValue(got)}`);
}
