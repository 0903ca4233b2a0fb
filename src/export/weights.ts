import { likelihoodWeights, type WeighedSlate, weighedSlate } from '../align/likelihood-weights.js';
import { objectiveOf, popeRule } from '../align/method.js';
import type { Batch } from '../align/objectives/batch.js';
import { isLikelihood, type ResolvedSettings, resolveSettings, type TrainingSettings } from '../align/options.js';
import { AtomicWriter } from '../data/atomic-writer.js';
import type { SlateLog } from '../data/slate.js';
import { DataError, UsageError } from '../errors.js';
import { balancedLambdaDiv } from '../estimators/balance.js';
import { propensity, ScoreStream } from '../estimators/score-stream.js';
import type { Policy } from '../policy/policy.js';
import { slateReward } from '../reward/index.js';

export interface ExportWeightsOptions extends TrainingSettings {
  /** The policy that is trained, as it is now. */
  target: Policy;
  /** The logging policy; 'log': the log's own propensities. Needed by POPE. */
  logging?: Policy | 'log' | undefined;
  /** The policy that training began with. Needed by DPO, Plackett-Luce and a proximity penalty. */
  reference?: Policy | undefined;
  /** File to write; see docs/formats.md. */
  output: string;
  signal?: AbortSignal | undefined;
  /** Called with the queries read so far. */
  onProgress?: ((progress: { queries: number }) => void) | undefined;
}

/** One line of the file. */
export interface ResponseWeight {
  query: string;
  response: string;
  /** c = dJ/dL, by the sum L of the response's token log-probabilities; exact at `logprob`. */
  coefficient: number;
  /** Number of tokens in L, and L under the target, nats. */
  tokens: number;
  logprob: number;
  /** What else c is made of: reward, query weight, and the sums of the other policies, null where there is none. */
  reward: number;
  weight: number;
  logging: number | null;
  reference: number | null;
}

export interface WeightsReport {
  /** J of the exported queries under the target. */
  value: number;
  queries: number;
  responses: number;
  /** Queries on which nobody voted, or whose query weight is 0; they are not exported. */
  leftOut: number;
  /** Exported queries without a gradient: ties, or a bound of 0. */
  silent: number;
}

/**
 * Writes the coefficient of every response, for trainers that run elsewhere: ascending sum_ik c_ik L_ik is one step of
 * the method (docs/theory.md section 5). All exported queries are one batch.
 *
 * @throws UsageError EXPORT_NEEDS for a policy that the method needs, OPTION; DataError NOTHING_TO_TRAIN; what log and
 *   scores throw
 */
export async function exportWeights(log: SlateLog, options: ExportWeightsOptions): Promise<WeightsReport> {
  const { target, logging, reference, output, signal, onProgress, ...training } = options;
  const settings = resolveSettings(training);
  checkNeeds(settings, options);
  const rows = new Rows();
  const stream = (policy: Policy, role: 'target' | 'logging' | 'reference') =>
    new ScoreStream(policy, role, log, signal);
  const targetScores = stream(target, 'target');
  const loggingScores = logging === undefined || logging === 'log' ? null : stream(logging, 'logging');
  const referenceScores = reference === undefined ? null : stream(reference, 'reference');
  let leftOut = 0;
  try {
    for await (const slate of log) {
      signal?.throwIfAborted();
      const ofTarget = await targetScores.next(slate);
      const ofLogging =
        logging === 'log' ? slate.responses.map((r) => propensity(slate, r)) : await loggingScores?.next(slate);
      const ofReference = await referenceScores?.next(slate);
      const { rewards, noPreference } = slateReward(slate, { reward: settings.reward ?? undefined });
      if (noPreference || slate.weight === 0) {
        leftOut++;
        continue;
      }
      rows.slates.push({ query: slate.id, weight: slate.weight ?? 1, weighed: weighedSlate(slate, rewards) });
      for (const [k, { id, text }] of slate.responses.entries()) {
        const { logprob, tokens } = ofTarget[k]!;
        rows.responses.push({
          id,
          bytes: Buffer.byteLength(text),
          tokens: tokens!,
          logprob,
          reward: rewards[k]!,
          logging: ofLogging?.[k]?.logprob ?? null,
          loggingTokens: ofLogging?.[k]?.tokens ?? tokens!,
          reference: ofReference?.[k]?.logprob ?? null,
        });
      }
      onProgress?.({ queries: rows.slates.length });
    }
    for (const scores of [targetScores, loggingScores, referenceScores]) await scores?.finish();
  } finally {
    await Promise.all([targetScores, loggingScores, referenceScores].map((scores) => scores?.close()));
  }
  if (rows.slates.length === 0) {
    throw new DataError('NOTHING_TO_TRAIN', `the log has no query with votes: ${leftOut} have none or weigh 0`);
  }
  const batch = rows.batch(settings);
  const { normalise, form, lambdaCu } = settings;
  const lambdaDiv =
    settings.lambdaDiv === 'auto' ? balancedLambdaDiv(batch, normalise, form, lambdaCu) : settings.lambdaDiv;
  const { value, coefficients, silentSlates } = objectiveOf(settings, popeRule(settings, lambdaDiv))(batch);
  await rows.write(output, coefficients);
  return { value, queries: rows.slates.length, responses: rows.responses.length, leftOut, silent: silentSlates };
}

/** What the log and the scores say, as numbers, and the lines made of it. */
class Rows {
  readonly slates: { query: string; weight: number; weighed: WeighedSlate }[] = [];
  readonly responses: {
    id: string;
    bytes: number;
    tokens: number;
    logprob: number;
    reward: number;
    logging: number | null;
    loggingTokens: number;
    reference: number | null;
  }[] = [];

  batch(settings: ResolvedSettings): Batch {
    const column = (of: (row: (typeof this.responses)[number]) => number | null) =>
      Float64Array.from(this.responses, (row) => of(row) ?? Number.NaN);
    const sizes = this.slates.map(({ weighed }) => weighed.rewards.length);
    const offsets = new Int32Array(sizes.length + 1);
    for (const [i, size] of sizes.entries()) offsets[i + 1] = offsets[i]! + size;
    const weights = likelihoodWeights(
      this.slates.map(({ weighed }) => weighed),
      settings,
    );
    return {
      queryIds: this.slates.map(({ query }) => query),
      offsets,
      queryWeight: Float64Array.from(this.slates, ({ weight }) => weight),
      clusters: null,
      reward: column(({ reward }) => reward),
      targetLogProb: column(({ logprob }) => logprob),
      loggingLogProb: column(({ logging }) => logging),
      targetTokens: column(({ tokens }) => tokens),
      loggingTokens: column(({ loggingTokens }) => loggingTokens),
      bytes: column(({ bytes }) => bytes),
      referenceLogProb: column(({ reference }) => reference),
      entropy: null,
      likelihoodWeight: Float64Array.from(weights.flatMap((own) => [...own])),
    };
  }

  async write(output: string, coefficients: Float64Array): Promise<void> {
    const writer = await AtomicWriter.create(output);
    try {
      let next = 0;
      for (const { query, weight, weighed } of this.slates) {
        for (const _ of weighed.rewards) {
          const { id: response, tokens, logprob, reward, logging, reference } = this.responses[next]!;
          const coefficient = coefficients[next++]!;
          const line: ResponseWeight = {
            ...{ query, response, coefficient, tokens, logprob, reward, weight, logging, reference },
          };
          await writer.line(line);
        }
      }
      await writer.commit();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }
}

function checkNeeds(settings: ResolvedSettings, { logging, reference }: ExportWeightsOptions): void {
  const { method, proximity, tokenEntropy } = settings;
  const needs = (what: string) => new UsageError('EXPORT_NEEDS', `weights of method ${method} need ${what}`);
  if (method === 'pope' && logging === undefined) {
    throw needs("the logging policy: --logging SCORES, or the word log for the log's own propensities");
  }
  const comparing = method === 'dpo' || method === 'pl' || (!isLikelihood(method) && proximity > 0);
  if (comparing && reference === undefined) throw needs('the policy that training began with: --reference SCORES');
  if (tokenEntropy)
    throw new UsageError('OPTION', 'tokenEntropy: weights are of log-probabilities alone; leave it out');
}
