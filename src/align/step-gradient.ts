import { partOf, rangeOf } from '../distributed/parts.js';
import type { Ranks } from '../distributed/ranks.js';
import type { OnFinal } from '../models/accumulate-gradient.js';
import type { CausalModel } from '../models/causal-model.js';
import type { TokenSlate } from '../models/packing.js';
import type { RecordedScores } from '../models/recorded-scores.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Batch, ObjectiveGradient } from './objectives/batch.js';
import type { ResolvedSettings } from './options.js';
import { type TrainingSlate, tokenSlate } from './training-slate.js';

interface StepGradient {
  model: CausalModel;
  ranks: Ranks;
  settings: ResolvedSettings;
  /** All slates of the step, and what the objective said of them. */
  slates: readonly TrainingSlate[];
  batch: Pick<Batch, 'offsets'>;
  gradient: ObjectiveGradient;
  /** Number of the step. */
  pass: number;
  /** The pass over this rank's part of the slates, where it was kept. */
  recorded: RecordedScores | null;
}

/** What of a slate has a coefficient. */
interface Kept {
  /** Its place in the step. */
  index: number;
  slate: TokenSlate;
  coefficients: number[];
  /** Of the sum over the tokens. */
  entropyCoefficients: number[];
}

/**
 * Adds the gradient of a step to the model's, every rank that of its own part of the slates, and sums them over the ranks.
 * Responses without a coefficient cost nothing.
 *
 * @returns the tokens of the others, of all ranks
 */
export async function accumulateStep(step: StepGradient): Promise<number> {
  const { model, ranks, slates, recorded } = step;
  const kept = keptOf(step);
  if (kept.length === 0) return 0;
  const { first, last } = rangeOf(slates.length, ranks);
  const firstSlate = kept.filter(({ index }) => index < first).length;
  const own = kept.slice(firstSlate).filter(({ index }) => index < last);
  const sum = ranks.gradientSum(model.trained);
  const onFinal = sum ? (gradient: Tensor<'f32'>) => sum.add(gradient) : undefined;
  // Back through all rows costs two passes over them; forward and back through those that matter three.
  const goesBack = 3 * rowsOf(own.map(({ slate }) => slate)) >= 2 * rowsOf(partOf(slates, ranks).map(tokenSlate));
  if (recorded && goesBack && own.length > 0) {
    backThrough(recorded, step, onFinal);
  } else {
    recorded?.dispose();
    if (own.length > 0) await accumulate(own, firstSlate, step, onFinal);
  }
  await sum?.finish();
  return kept.reduce((sum, { slate }) => sum + tokensOf(slate.responses), 0);
}

function keptOf({ slates, batch: { offsets }, gradient: { coefficients, entropyCoefficients } }: StepGradient): Kept[] {
  return slates.flatMap(({ prompt, responses }, index) => {
    const at = (k: number) => offsets[index]! + k;
    const indices = [...responses.keys()].filter(
      (k) => coefficients[at(k)] !== 0 || (entropyCoefficients?.[at(k)] ?? 0) !== 0,
    );
    if (indices.length === 0) return [];
    return {
      index,
      slate: { prompt, responses: indices.map((k) => responses[k]!.ids) },
      coefficients: indices.map((k) => coefficients[at(k)]!),
      // That of the mean entropy, as one of the sum over the tokens.
      entropyCoefficients: indices.map((k) => (entropyCoefficients?.[at(k)] ?? 0) / responses[k]!.ids.length),
    };
  });
}

function backThrough(
  recorded: RecordedScores,
  { ranks, slates, batch: { offsets }, gradient }: StepGradient,
  onFinal: OnFinal | undefined,
): void {
  const { coefficients, entropyCoefficients } = gradient;
  const { first } = rangeOf(slates.length, ranks);
  const perSlate = (values: ArrayLike<number>, of: (value: number, tokens: number) => number) =>
    partOf(slates, ranks).map(({ responses }, i) =>
      responses.map(({ ids }, k) => of(values[offsets[first + i]! + k]!, ids.length)),
    );
  recorded.backward(
    perSlate(coefficients, (coefficient) => coefficient),
    entropyCoefficients && perSlate(entropyCoefficients, (coefficient, tokens) => coefficient / tokens),
    onFinal,
  );
}

function accumulate(
  own: readonly Kept[],
  firstSlate: number,
  step: StepGradient,
  onFinal: OnFinal | undefined,
): Promise<void> {
  const { model, settings, gradient, pass } = step;
  return model.accumulateGradient(
    own.map(({ slate }) => slate),
    own.map(({ coefficients }) => coefficients),
    {
      reduction: 'sum',
      batchTokens: settings.batchTokens,
      checkpointing: settings.checkpointing,
      pass,
      firstSlate,
      onFinal,
      ...(gradient.entropyCoefficients ? { entropyCoefficients: own.map((each) => each.entropyCoefficients) } : {}),
    },
  );
}

/** Rows that a pass over some slates takes, up to the last tokens of responses. */
function rowsOf(slates: readonly TokenSlate[]): number {
  return slates.reduce((sum, { prompt, responses }) => sum + prompt.length + tokensOf(responses), 0);
}

function tokensOf(responses: readonly ArrayLike<number>[]): number {
  return responses.reduce((sum, ids) => sum + ids.length, 0);
}
