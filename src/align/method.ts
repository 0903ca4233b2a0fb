import { parseTransform } from '../estimators/transforms.js';
import type { Objective } from './objectives/batch.js';
import { dpo } from './objectives/dpo.js';
import { drawResponse } from './objectives/draw.js';
import { likelihood } from './objectives/likelihood.js';
import { plackettLuce } from './objectives/plackett-luce.js';
import { type PopeObjective, pope } from './objectives/pope.js';
import { isLikelihood, type ResolvedSettings } from './options.js';
import type { TrainingSlate } from './training-slate.js';

/** POPE's rule as the settings have it; methods that do not ascend it are measured by it all the same. */
export function popeRule(settings: ResolvedSettings, lambdaDiv: number): PopeObjective {
  const { objective, form, lambdaCu, transform, reduction, normalise, gradient, baseline, tokenEntropy } = settings;
  return {
    estimator: objective,
    form,
    lambdaCu,
    lambdaDiv,
    transform: parseTransform(transform),
    reduction,
    normalise,
    gradient,
    baseline,
    tokenEntropy,
    proximity: settings.method === 'pope' ? settings.proximity : 0,
  };
}

/** What a method ascends. */
export function objectiveOf(settings: ResolvedSettings, rule: PopeObjective): Objective {
  switch (settings.method) {
    case 'pope':
      return (batch) => pope(batch, rule);
    case 'dpo':
      return (batch) => dpo(batch, settings.beta);
    case 'pl':
      return (batch) => plackettLuce(batch, settings.beta);
    default:
      return likelihood;
  }
}

/**
 * The part of a slate that a step trains on: of a likelihood method the responses that weigh something, or one drawn from
 * them with the weight of all; else the whole slate.
 *
 * @param position of the slate in the training log
 */
export function trainedPart(
  slate: TrainingSlate,
  settings: ResolvedSettings,
  { step, position }: { step: number; position: number },
): TrainingSlate {
  if (!isLikelihood(settings.method)) return slate;
  const responses = slate.responses.filter(({ likelihoodWeight }) => likelihoodWeight > 0);
  if (settings.responses === 'all') return { ...slate, responses };
  const weights = Float64Array.from(responses, ({ likelihoodWeight }) => likelihoodWeight);
  const { index, weight } = drawResponse(weights, { seed: settings.seed, step, slate: position });
  return { ...slate, responses: [{ ...responses[index]!, likelihoodWeight: weight }] };
}
