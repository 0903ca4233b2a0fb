/** The raw formats that `pope import` knows. */
import { UsageError } from '../../errors.js';
import type { Adapter } from './adapter.js';
import { alpacaEval, alpacaGpt4 } from './alpaca.js';
import { amazonFineFood } from './amazon-fine-food.js';
import { amazonReviews2018, amazonReviews2023 } from './amazon-reviews.js';
import { communityAlignment } from './community-alignment.js';
import { hhRlhf, pandalm } from './comparisons.js';
import { generic } from './generic.js';
import { oasst } from './oasst.js';
import { prism } from './prism.js';
import { gradeDialogue, ultrafeedback } from './ratings.js';
import { redditCrs, redditMovieCsv, redditPushshift, redditThreads } from './reddit.js';
import { eli5, shp } from './reddit-questions.js';
import { stackexchange } from './stackexchange.js';
import { globalopinionqa, moralchoice, opinionqa, valueprism } from './surveys.js';
import { vicunaEval } from './vicuna-eval.js';
import { youtubeComments } from './youtube-comments.js';

/** Readers of published data sets, in the order in which docs/formats.md section 5 lists them. */
export const ADAPTERS: readonly Adapter[] = [
  amazonReviews2023,
  amazonReviews2018,
  amazonFineFood,
  redditPushshift,
  redditCrs,
  redditThreads,
  redditMovieCsv,
  eli5,
  alpacaGpt4,
  alpacaEval,
  oasst,
  stackexchange,
  prism,
  communityAlignment,
  shp,
  ultrafeedback,
  hhRlhf,
  pandalm,
  gradeDialogue,
  moralchoice,
  opinionqa,
  globalopinionqa,
  valueprism,
  youtubeComments,
  vicunaEval,
  generic,
];

/** @throws UsageError ADAPTER_UNKNOWN */
export function findAdapter(name: string): Adapter {
  const adapter = ADAPTERS.find((each) => each.name === name);
  if (adapter !== undefined) return adapter;
  const names = ADAPTERS.map((each) => each.name).join(', ');
  throw new UsageError('ADAPTER_UNKNOWN', `no adapter is called "${name}"; there are ${names}`);
}
