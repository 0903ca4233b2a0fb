import { BANDIT_POLICIES, type BanditPolicy, readFeedback } from '../../experiments/open-bandit/feedback.js';
import { openBanditProtocol, type Protocol } from '../../experiments/open-bandit/protocol.js';
import { defineCommand } from '../command.js';
import { defaulted, onOff, positiveInteger, text } from '../flags.js';
import { readable, table } from '../table.js';

const NAMES: Record<BanditPolicy, string> = { random: 'the random policy', bts: 'Bernoulli Thompson sampling' };

export const openBandit = defineCommand({
  examples: ['pope open-bandit obd', 'pope open-bandit obd --campaign all --resamples 50 --json'],
  arguments: [
    ['<folder>', 'the data as published: {random,bts}/CAMPAIGN/CAMPAIGN.csv, or .csv.gz, and item_context.csv'],
  ],
  flags: {
    campaign: defaulted('--campaign <name>', 'men, women or all', text, 'men'),
    resamples: defaulted('--resamples <n>', 'resamples of each log, with a reward model each', positiveInteger, 200),
    json: onOff('--json', 'print one JSON object'),
  },
  async run([folder], { campaign, resamples, seed, json }, { terminal, signal }) {
    const logs = {
      random: await readFeedback(folder!, 'random', campaign),
      bts: await readFeedback(folder!, 'bts', campaign),
    };
    const directions: Protocol[] = [];
    for (const policy of BANDIT_POLICIES) {
      const onProgress = (done: number, total: number) =>
        terminal.progress({ label: `valuing ${policy}`, done, total, unit: 'resamples' });
      directions.push(await openBanditProtocol(logs, policy, { resamples, seed, signal, onProgress }));
    }
    if (json) return terminal.writeJson({ campaign, directions });
    await terminal.write(directions.map(report).join('\n'));
  },
});

function report({ policy, log, rounds, clicks, onPolicy, resamples, rows }: Protocol): string {
  const header = ['estimator', 'value', '95 % interval', 'relative error', '95 % interval', 'standard errors off'];
  return (
    `${NAMES[policy]} earned ${readable(onPolicy.value)} ± ${readable(onPolicy.standardError)} a round ` +
    `(${onPolicy.clicks} clicks in ${onPolicy.rounds} rounds);\n` +
    `from ${rounds} rounds and ${clicks} clicks of ${NAMES[log]}, ${resamples} resamples:\n\n` +
    table(
      header,
      rows.map((row) => [
        row.estimator,
        readable(row.value),
        `${readable(row.low)} to ${readable(row.high)}`,
        row.relativeError.toFixed(3),
        `${row.relativeErrorLow.toFixed(3)} to ${row.relativeErrorHigh.toFixed(3)}`,
        row.standardErrorsOff.toFixed(1),
      ]),
    )
  );
}
