import type { AlignProgress, AlignResult, Evaluation, RunPlan } from '../align/index.js';
import { readable, table } from './table.js';

/** What a progress line says besides how far it is. */
export function progressText({ loss, gradientNorm, effectiveSampleShare, tokensPerSecond }: AlignProgress): string {
  const ess = effectiveSampleShare === null ? '' : `  ESS ${Math.round(100 * effectiveSampleShare)} %`;
  return `loss ${loss.toPrecision(4)}  |g| ${gradientNorm.toPrecision(3)}${ess}  ${readable(Math.round(tokensPerSecond))} tokens/s`;
}

/** One validation as a line. */
export function evaluationText({ step, training, validation }: Evaluation): string {
  const figures = (name: string, { value, estimate, meanWeight }: Evaluation['training']) => {
    const parts =
      estimate === null
        ? ''
        : `, utility ${estimate.utility.toPrecision(4)}, diversity ${estimate.diversity.toPrecision(4)}`;
    return `${name} value ${value.toPrecision(4)}${parts}${meanWeight === null ? '' : `, mean weight ${meanWeight.toPrecision(3)}`}`;
  };
  const ofValidation = validation === null ? '' : `; ${figures('validation', validation)}`;
  return `step ${readable(step)}: ${figures('training', training)}${ofValidation}`;
}

/** `--dry-run` as a table. */
export function planText({ parameters, slates, tokens, stepsPerEpoch, steps, memory }: RunPlan): string {
  const gigabytes = (bytes: number) => `${readable(bytes / 1e9)} GB`;
  return table(
    ['what', 'how much'],
    [
      ['parameters that train', readable(parameters)],
      ['training queries', readable(slates.train)],
      ['validation queries', readable(slates.validation)],
      ['tokens of training responses', readable(tokens)],
      ['steps per epoch', readable(stepsPerEpoch)],
      ['steps', readable(steps)],
      ['memory: weights, gradients, moments', gigabytes(memory.parameters)],
      ['memory: activations of one pass', gigabytes(memory.activations)],
      ['memory in all, about', gigabytes(memory.total)],
      ['with blocks kept for reuse, at most about', gigabytes(memory.total + 2 * memory.activations)],
    ],
  );
}

/** A line for every reason why queries of the log did not train. */
export function leftOutTexts({ noPreference, weightless, tooLong }: AlignResult['leftOut']): string[] {
  const reasons: [number, string][] = [
    [noPreference, 'have no votes'],
    [weightless, 'weigh nothing'],
    [tooLong, "exceed the model's context"],
  ];
  return reasons
    .filter(([count]) => count > 0)
    .map(([count, why]) => `${readable(count)} training queries ${why} and were left out`);
}
