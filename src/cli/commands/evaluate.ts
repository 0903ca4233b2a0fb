import type { LoggedDataset } from '../../data/dataset.js';
import type { Slate } from '../../data/slate.js';
import { parseSplit, type Split } from '../../data/split.js';
import { evaluate as evaluateLog } from '../../estimators/evaluate.js';
import { QUERY_INTERVALS } from '../../estimators/intervals.js';
import { estimatorName, form, normalisation, reduction, smallGroups, type Warning } from '../../estimators/result.js';
import { type ScoreFilePolicy, scoreFile } from '../../policy/score-file.js';
import { REWARDS } from '../../reward/index.js';
import { defineCommand } from '../command.js';
import { evaluationReport } from '../evaluation-report.js';
import {
  listOf,
  number,
  oneOf,
  onOff,
  optional,
  type Parse,
  positiveInteger,
  severalRequired,
  text,
} from '../flags.js';
import { LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';

const lambdaDiv: Parse<number | 'auto'> = (value) => (value === 'auto' ? value : number(value));

export const evaluate = defineCommand({
  name: 'evaluate',
  summary: 'Estimate the pluralistic value of a target policy from a log that another policy wrote.',
  examples: [
    'pope evaluate log.jsonl --target target.jsonl --logging logging.jsonl',
    'pope evaluate log.jsonl --target target.jsonl --logging log --split test --json',
  ],
  arguments: [['<log>', 'log file, or - for standard input']],
  flags: {
    target: severalRequired('--target <scores...>', 'score files of the target policy', text),
    logging: severalRequired(
      '--logging <scores...>',
      "score files of the logging policy, or the word log for the log's own propensities",
      text,
    ),
    estimator: optional(
      '--estimator <names>',
      'slate, decomposed, bound (default: all)',
      listOf(oneOf(...estimatorName.options)),
    ),
    normalise: optional(
      '--normalise <by>',
      'all, none, tokens or bytes (default: all)',
      oneOf('all', ...normalisation.options),
    ),
    reward: optional('--reward <name>', `${REWARDS.join(', ')} (default: by what the log has)`, oneOf(...REWARDS)),
    form: optional('--form <name>', 'expected, soft or gated (default: by estimator)', oneOf(...form.options)),
    lambdaCu: optional('--lambda-cu <x>', 'weight of utility (default: 1)', number),
    lambdaDiv: optional('--lambda-div <x>', 'weight of diversity, or auto (default: 1)', lambdaDiv),
    reduction: optional('--reduction <name>', 'sum or mean over a slate (default: sum)', oneOf(...reduction.options)),
    transform: optional('--transform <name:value>', 'transform of the weights, such as clip:10 or power:0.5', text),
    selfNormalise: onOff('--self-normalise', 'divide values by the mean weight'),
    interval: optional('--interval <method>', `${QUERY_INTERVALS.join(', ')}`, oneOf(...QUERY_INTERVALS)),
    alpha: optional('--alpha <a>', 'intervals miss with this probability (default: 0.05)', number),
    resamples: optional('--resamples <n>', 'bootstrap resamples', positiveInteger),
    by: optional(
      '--by <field>',
      'also by group of judges or authors (group), or by a field of queries or responses',
      text,
    ),
    minGroup: optional('--min-group <n>', 'groups of fewer queries are small (default: 10)', positiveInteger),
    smallGroups: optional(
      '--small-groups <rule>',
      'refuse to compare small groups, or pool them (default: refuse)',
      oneOf(...smallGroups.options),
    ),
    skipUnscored: onOff('--skip-unscored', 'leave out queries with a response that has no score, and count them'),
    strict: onOff('--strict', 'fail instead of printing numbers that the log does not support'),
    json: onOff('--json', 'print one JSON object'),
    ...LOG_FLAGS,
    split: optional(
      '--split <name>',
      'train, validation, test or all (default: all; test where the target comes from a run)',
      (value): Split | 'all' => (value === 'all' ? value : parseSplit(value)),
    ),
  },
  async run([path], settings, context) {
    const target = scoreFile(settings.target);
    const logging = isLog(settings.logging) ? 'log' : scoreFile(settings.logging);
    const split = settings.split === 'all' ? undefined : settings.split;
    const log = await openLog(path!, { ...settings, split }, context);
    const scored = new ScoredSlates(log, logging === 'log' ? [target] : [target, logging]);
    const result = await evaluateLog(settings.skipUnscored ? scored : log, {
      target,
      logging,
      estimators: settings.estimator,
      normalise: settings.normalise,
      reward: settings.reward,
      form: settings.form,
      lambdaCu: settings.lambdaCu,
      lambdaDiv: settings.lambdaDiv,
      reduction: settings.reduction,
      transform: settings.transform,
      selfNormalise: settings.selfNormalise,
      interval: settings.interval,
      alpha: settings.alpha,
      resamples: settings.resamples,
      seed: settings.seed,
      by: settings.by,
      allQueries: settings.split === 'all',
      minGroup: settings.minGroup,
      smallGroups: settings.smallGroups,
      strict: settings.strict,
      signal: context.signal,
      onProgress: ({ phase, done, total }) =>
        context.terminal.progress({
          label: phase === 'scores' ? 'reading' : 'intervals',
          done,
          total: total ?? undefined,
          unit: phase === 'scores' ? 'queries' : 'resamples',
        }),
    });
    saySkipped(log, context);
    const evaluation = { ...result, warnings: [...scored.warnings(), ...result.warnings] };
    if (settings.json) await context.terminal.writeJson(evaluation);
    else await context.terminal.write(evaluationReport(evaluation));
  },
});

function isLog(logging: readonly string[]): boolean {
  return logging.length === 1 && logging[0] === 'log';
}

/** The slates of a log of which every response has a score from every policy. */
class ScoredSlates implements AsyncIterable<Slate> {
  readonly #log: LoggedDataset;
  readonly #policies: readonly ScoreFilePolicy[];
  #skipped = 0;

  constructor(log: LoggedDataset, policies: readonly ScoreFilePolicy[]) {
    this.#log = log;
    this.#policies = policies;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Slate> {
    let skipped = 0;
    for await (const slate of this.#log) {
      const covered = await Promise.all(this.#policies.map((policy) => policy.covers(slate)));
      if (covered.every(Boolean)) yield slate;
      else skipped++;
    }
    this.#skipped = skipped;
  }

  get split(): Split | undefined {
    return this.#log.split;
  }

  sha256(): Promise<string> {
    return this.#log.sha256();
  }

  warnings(): Warning[] {
    if (this.#skipped === 0) return [];
    const message = `${this.#skipped} queries have a response without a score and were left out: the estimates speak for the others only`;
    return [{ code: 'UNSCORED_QUERIES', message }];
  }
}
