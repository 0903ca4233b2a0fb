/** @file What a caller of `slateEstimates` gives, checked and copied into the arrays that the kernels take. */
import { DataError, describeValue, UsageError } from '../errors.js';
import {
  formNames,
  type Reduction,
  type RewardForm,
  reductionNames,
  type SlateLog,
  type Transform,
} from '../native/objective.js';
import { parseTransform, type TransformOption } from './transforms.js';

/** A log of N slates with M responses in all; arrays are flat over the responses, slate after slate. */
export interface SlateData {
  /** [M] log pi(a | x) under the target policy, already divided by Z; nats. */
  logProb: ArrayLike<number>;
  /** [M] The same under the logging policy. */
  loggingLogProb: ArrayLike<number>;
  /** [M] r, in [0, 1] for the rewards of this library; any finite number is taken. */
  reward: ArrayLike<number>;
  /** [N + 1] Slate i holds the responses [slateOffsets[i], slateOffsets[i + 1]); from 0 to M, strictly increasing. */
  slateOffsets: ArrayLike<number>;
  /** [M] Mean token entropy H, nats. Where given it takes the place of the surprise -l in the reward. */
  entropy?: ArrayLike<number> | undefined;
  /** [N] omega, at least 0 and not all 0; default 1 each. */
  queryWeight?: ArrayLike<number> | undefined;
}

/** How slates become values: docs/theory.md sections 3 and 4. */
export interface SlateOptions {
  /** How utility and diversity make a reward; default 'expected' for the slate estimator, 'soft' for the others. */
  form?: RewardForm | undefined;
  /** Factor of the utility; default 1. */
  lambdaCu?: number | undefined;
  /** Factor of the diversity; default 1. */
  lambdaDiv?: number | undefined;
  /** Transform of the importance weights of slate and decomposed, such as 'clip:10'; default none. */
  transform?: TransformOption | undefined;
  /** Divide slate and decomposed by their own mean weight; default false. */
  selfNormalise?: boolean | undefined;
  /** Sum or mean over the responses of a slate; default 'sum'. */
  reduction?: Reduction | undefined;
  /**
   * Coefficients of slate and decomposed only: subtracted from R wherever R multiplies the derivative of a weight.
   * 'mean' is the mean of R over the responses of this call. Not together with `selfNormalise`. Default 0.
   */
  baseline?: number | 'mean' | undefined;
}

export interface CheckedOptions {
  form: RewardForm | undefined;
  lambdaCu: number;
  lambdaDiv: number;
  transform: Transform;
  selfNormalise: boolean;
  reduction: Reduction;
  baseline: number | 'mean';
}

/** Throws `DataError` SLATE_DATA that names the array, the place, what was expected and what came. */
export function checkData(data: SlateData): SlateLog {
  const logProb = numbers('logProb', data.logProb);
  const responses = logProb.length;
  const slateOffsets = offsets(data.slateOffsets, responses);
  const slates = slateOffsets.length - 1;
  const log: SlateLog = {
    logProb,
    loggingLogProb: numbers('loggingLogProb', data.loggingLogProb, responses, 'one for each of logProb'),
    reward: numbers('reward', data.reward, responses, 'one for each of logProb'),
    slateOffsets,
  };
  if (data.entropy) log.entropy = numbers('entropy', data.entropy, responses, 'one for each of logProb');
  if (data.queryWeight) log.queryWeight = queryWeights(data.queryWeight, slates);
  return log;
}

/** Throws `UsageError` SLATE_OPTION or TRANSFORM that names the option. */
export function checkOptions(options: SlateOptions): CheckedOptions {
  const { form, lambdaCu = 1, lambdaDiv = 1, selfNormalise = false, reduction = 'sum', baseline = 0 } = options;
  if (form !== undefined) oneOf('form', form, formNames);
  oneOf('reduction', reduction, reductionNames);
  finite('lambdaCu', lambdaCu);
  finite('lambdaDiv', lambdaDiv);
  if (baseline !== 'mean') finite('baseline', baseline, " or 'mean'");
  if (selfNormalise && baseline !== 0) {
    throw new UsageError(
      'SLATE_OPTION',
      'baseline and selfNormalise exclude each other: the derivative of a self-normalised value already subtracts that ' +
        'value; leave one out',
    );
  }
  return {
    form,
    lambdaCu,
    lambdaDiv,
    transform: parseTransform(options.transform),
    selfNormalise,
    reduction,
    baseline,
  };
}

function numbers(name: string, values: ArrayLike<number>, length?: number, why = ''): Float64Array {
  if (typeof values?.length !== 'number')
    throw invalid(`${name}: expected an array of numbers, got ${describeValue(values)}`);
  if (length !== undefined && values.length !== length) {
    throw invalid(`${name}: expected ${length} numbers, ${why}; got ${values.length}`);
  }
  const copy = new Float64Array(values.length);
  for (let i = 0; i < copy.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) throw invalid(`${name}[${i}]: expected a finite number, got ${describeValue(value)}`);
    copy[i] = value!;
  }
  return copy;
}

function offsets(values: ArrayLike<number>, responses: number): Int32Array {
  const list = numbers('slateOffsets', values);
  if (list.length < 2) throw invalid(`slateOffsets: expected N + 1 offsets of at least one slate, got ${list.length}`);
  if (list[0] !== 0) throw invalid(`slateOffsets[0]: expected 0, got ${list[0]}`);
  list.forEach((offset, i) => {
    if (!Number.isInteger(offset)) throw invalid(`slateOffsets[${i}]: expected an integer, got ${offset}`);
    if (i > 0 && offset <= list[i - 1]!) {
      throw invalid(`slateOffsets[${i}]: expected more than ${list[i - 1]}, for no slate may be empty; got ${offset}`);
    }
  });
  if (list.at(-1) !== responses) {
    throw invalid(`slateOffsets: expected to end with ${responses}, the number of responses; got ${list.at(-1)}`);
  }
  return Int32Array.from(list);
}

function queryWeights(values: ArrayLike<number>, slates: number): Float64Array {
  const weights = numbers('queryWeight', values, slates, 'one for each slate');
  const negative = weights.findIndex((weight) => weight < 0);
  if (negative >= 0) throw invalid(`queryWeight[${negative}]: expected at least 0, got ${weights[negative]}`);
  if (weights.every((weight) => weight === 0)) throw invalid('queryWeight: expected at least one above 0, got only 0');
  return weights;
}

function oneOf(name: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new UsageError('SLATE_OPTION', `${name}: expected one of ${known.join(', ')}; got ${describeValue(value)}`);
}

function finite(name: string, value: number, other = ''): void {
  if (Number.isFinite(value)) return;
  throw new UsageError('SLATE_OPTION', `${name}: expected a finite number${other}, got ${describeValue(value)}`);
}

function invalid(message: string): DataError {
  return new DataError('SLATE_DATA', message);
}
