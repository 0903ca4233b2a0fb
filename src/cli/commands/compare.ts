import { basename } from 'node:path';
import { compare as comparePolicies } from '../../estimators/compare/compare.js';
import { estimatorName, normalisation } from '../../estimators/result.js';
import { type ScoreFilePolicy, scoreFile } from '../../policy/score-file.js';
import { defineCommand } from '../command.js';
import { comparisonReport } from '../comparison-report.js';
import { expected, listOf, number, oneOf, onOff, optional, type Parse, severalRequired, text } from '../flags.js';
import { openLog, saySkipped } from '../log-flags.js';
import { loggingPolicy, ScoredSlates } from '../scored-slates.js';
import { VALUE_FLAGS } from '../value-flags.js';

/** `name=0.5` */
const namedNumber: Parse<[string, number]> = (value) => {
  const at = value.lastIndexOf('=');
  if (at < 1) throw expected('NAME=NUMBER', value);
  return [value.slice(0, at), number(value.slice(at + 1))];
};

export const compare = defineCommand({
  name: 'compare',
  summary:
    'Compare policies on one log: paired intervals, the probability of being best, regret, and which may be best.',
  examples: [
    'pope compare log.jsonl --targets a.jsonl b.jsonl c.jsonl --logging log',
    'pope compare log.jsonl --targets new=new-0.jsonl,new-1.jsonl old=old.jsonl --logging logging.jsonl --json',
  ],
  arguments: [['<log>', 'log file, or - for standard input']],
  flags: {
    targets: severalRequired(
      '--targets <scores...>',
      'score files, one per policy: [NAME=]FILE, shards of one policy with commas (name: that of the file)',
      text,
    ),
    estimator: optional(
      '--estimator <name>',
      'what to compare by (default: decomposed)',
      oneOf(...estimatorName.options),
    ),
    normalise: optional(
      '--normalise <by>',
      'none, tokens or bytes (default: none, or where that is unreliable tokens)',
      oneOf(...normalisation.options),
    ),
    truth: optional(
      '--truth <values>',
      'true values, NAME=NUMBER with commas, to judge the comparison by',
      listOf(namedNumber),
    ),
    strict: onOff('--strict', 'fail instead of printing numbers that the log does not support'),
    json: onOff('--json', 'print one JSON object'),
    ...VALUE_FLAGS,
  },
  async run([path], settings, context) {
    const targets = new Map(settings.targets.map(named));
    if (targets.size < settings.targets.length)
      throw expected('a different name for each policy', settings.targets.join(' '));
    const logging = loggingPolicy(settings.logging);
    const split = settings.split === 'all' ? undefined : settings.split;
    const log = await openLog(path!, { ...settings, split }, context);
    const scored = new ScoredSlates(log, [...targets.values(), ...(logging === 'log' ? [] : [logging])]);
    const result = await comparePolicies(settings.skipUnscored ? scored : log, {
      targets,
      logging,
      estimator: settings.estimator,
      normalise: settings.normalise,
      reward: settings.reward,
      form: settings.form,
      lambdaCu: settings.lambdaCu,
      lambdaDiv: settings.lambdaDiv,
      reduction: settings.reduction,
      transform: settings.transform,
      alpha: settings.alpha,
      resamples: settings.resamples,
      seed: settings.seed,
      truth: settings.truth && Object.fromEntries(settings.truth),
      allQueries: settings.split === 'all',
      strict: settings.strict,
      signal: context.signal,
      onProgress: ({ phase, done, total }) =>
        context.terminal.progress({
          label: phase === 'scores' ? 'reading' : 'resampling',
          done,
          total: total ?? undefined,
          unit: phase === 'scores' ? 'queries' : 'resamples',
        }),
    });
    saySkipped(log, context);
    const comparison = { ...result, warnings: [...scored.warnings(), ...result.warnings] };
    if (settings.json) await context.terminal.writeJson(comparison);
    else await context.terminal.write(comparisonReport(comparison));
  },
});

function named(argument: string): [string, ScoreFilePolicy] {
  const at = argument.indexOf('=');
  const files = argument.slice(at + 1).split(',');
  const name = at > 0 ? argument.slice(0, at) : basename(files[0]!).replace(/\.jsonl(\.gz)?$/, '');
  return [name, scoreFile(files)];
}
