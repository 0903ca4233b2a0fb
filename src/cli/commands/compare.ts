import { basename } from 'node:path';
import { compare as comparePolicies } from '../../estimators/compare/compare.js';
import { estimatorName, normalisation } from '../../estimators/result.js';
import { type ScoreFilePolicy, scoreFile } from '../../policy/score-file.js';
import { defineCommand } from '../command.js';
import { comparisonReport } from '../comparison-report.js';
import { expected, listOf, number, oneOf, onOff, optional, type Parse, severalRequired, text } from '../flags.js';
import { openValued, VALUE_FLAGS } from '../value-flags.js';

/** `name=0.5` */
const namedNumber: Parse<[string, number]> = (value) => {
  const at = value.lastIndexOf('=');
  if (at < 1) throw expected('NAME=NUMBER', value);
  return [value.slice(0, at), number(value.slice(at + 1))];
};

export const compare = defineCommand({
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
    const valued = await openValued(path!, settings, [...targets.values()], context);
    const result = await comparePolicies(valued.slates, {
      targets,
      ...valued.options,
      estimator: settings.estimator,
      normalise: settings.normalise,
      alpha: settings.alpha,
      resamples: settings.resamples,
      truth: settings.truth && Object.fromEntries(settings.truth),
      strict: settings.strict,
      onProgress: valued.onProgress,
    });
    const comparison = { ...result, warnings: [...valued.leftOut(), ...result.warnings] };
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
