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

/** `--dry-run` as two tables: the run, and what would save memory. */
export function planText(plan: RunPlan): string {
  const { parameters, slates, tokens, stepsPerEpoch, steps, memory, available, alternatives } = plan;
  const run = table(
    ['what', 'how much'],
    [
      ['parameters that train', readable(parameters)],
      ['training queries', readable(slates.train)],
      ['validation queries', readable(slates.validation)],
      ['tokens of training responses', readable(tokens)],
      ['steps per epoch', readable(stepsPerEpoch)],
      ['steps', readable(steps)],
      ['memory: weights, gradients, moments', gigabytes(memory.parameters)],
      ['memory: activations of the largest pass', gigabytes(memory.activations)],
      ['memory in all', gigabytes(memory.total)],
      ['with blocks kept for reuse, at most about', gigabytes(2 * memory.total)],
      ['memory that there is', gigabytes(available)],
    ],
  );
  if (alternatives.length === 0) return run;
  const rows = alternatives.map(({ flags, memory }) => [flags, gigabytes(memory.total)]);
  return `${run}\n${table(['the same run with', 'memory in all'], rows)}`;
}

/** What to do where a run does not fit; null where it does. */
export function memoryAdvice({ memory, available, alternatives }: RunPlan): string | null {
  if (memory.total <= available) return null;
  const wants = `the run wants ${gigabytes(memory.total)} of memory and there are ${gigabytes(available)}`;
  const fitting = alternatives.filter((each) => each.memory.total <= available);
  if (fitting.length > 0) {
    const which = fitting.map(({ flags, memory }) => `${flags} (${gigabytes(memory.total)})`).join(', or ');
    return `pope: ${wants}; it fits with ${which}`;
  }
  return `pope: ${wants}; nothing in the table is enough: take a smaller model or a larger device`;
}

function gigabytes(bytes: number): string {
  return `${readable(bytes / 1e9)} GB`;
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
