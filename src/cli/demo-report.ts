import type { Demo, DemoRow } from '../experiments/demo.js';
import type { TrainingDemo } from '../experiments/training-demo.js';
import { withInterval } from './evaluation-report.js';
import { readable, table } from './table.js';

/** The first part: a policy is valued from a log alone. */
export function valueText(demo: Demo): string {
  return `${introduction(demo)}\n${results(demo)}\n${VALUE_READING}`;
}

function introduction({ world }: Demo): string {
  return (
    `A world whose truth is known: ${world.contexts} queries with ${world.candidates} possible responses each, and groups of people who vote.\n` +
    `A logging policy wrote ${readable(world.queries)} slates of ${world.slateSize} responses; another policy, the target, is valued from that log alone.\n`
  );
}

function results({ rows, evaluation: { headline, verdict } }: Demo): string {
  const leading = rows.find((row) => row.estimator === headline?.estimator && row.normalise === headline.normalise);
  const answer =
    headline === null || leading === undefined
      ? `No value; verdict: ${verdict}.\n`
      : `Estimated ${headline.kind} ${withInterval(headline.value, headline.interval)}, verdict: ${verdict}. ` +
        `True value: ${readable(leading.trueValue)}.\n`;
  return `${answer}\n${table(['estimator', 'normalise', 'true V', 'V_Z', 'estimate', '95 % interval', 'verdict'], rows.map(cells))}`;
}

function cells({ estimator, normalise, trueValue, expected, estimate }: DemoRow): string[] {
  const { value, interval, verdict } = estimate;
  return [
    estimator,
    normalise,
    readable(trueValue),
    readable(expected),
    value === null ? '-' : readable(value),
    interval === null ? '-' : `[${readable(interval.low)}, ${readable(interval.high)}]`,
    verdict,
  ];
}

const VALUE_READING = `What to read from it
  - true V is the value of the target policy. With normalise none, slate and decomposed estimate it without bias, and bound a
    lower bound of it; slate weighs a response by its probability (form expected), so its V is another number.
  - V_Z is what a row converges to. With normalise tokens (the paper's figures) that is an index, not V.
  - decomposed has one weight per response, slate one per slate: its interval widens quickly with larger slates.
`;

/** Columns of the second part. */
export const TRAINING_HEADER = [
  'policy',
  'utility',
  'true V',
  'estimate',
  '95 % interval',
  'V_Z',
  'coverage',
  'by share',
  'variation',
  'distinct-2',
  'invalid',
];

/** What is about to happen in the second part. */
export const TRAINING_ANNOUNCEMENT = `Now models: a small language model is trained, aligned to a log in four ways, and its answers are judged (about a minute).
`;

/** The second part: models are trained on a log, answer, and are judged by the truth. */
export function trainingText({ world, budget, models, ideal }: TrainingDemo): string {
  const rows = models.map(({ policy, result: { temperatures, value } }) => {
    const { metrics } = temperatures[0]!;
    const { mean, interval } = value.estimate.utility;
    return [
      policy,
      fixed(metrics.utility),
      fixed(value.truth.utility),
      fixed(mean),
      interval === null ? '-' : `[${fixed(interval.low)}, ${fixed(interval.high)}]`,
      fixed(value.index.limitUtility),
      ...[metrics.coverage6, metrics.weightedCoverage6, metrics.totalVariation, metrics.distinct2].map(fixed),
      fixed(metrics.invalidShare),
    ];
  });
  const { utility, coverage6, weightedCoverage6, totalVariation, distinct2, invalidShare } = ideal;
  const last = ['(people)', fixed(utility), '', '', '', ''];
  rows.push([...last, ...[coverage6, weightedCoverage6, totalVariation, distinct2, invalidShare].map(fixed)]);
  return (
    `A world of text: ${world.queries} queries on which groups of people of known sizes hold different opinions. A logging policy wrote\n` +
    `${readable(world.slates)} slates of ${world.slateSize} answers; people voted. A base model was aligned to that log, ${budget.steps} steps of 48 answers each;\n` +
    `then each model gave ${budget.samples} answers to every test query.\n\n` +
    `${table(TRAINING_HEADER, rows)}\n${TRAINING_READING}`
  );
}

const TRAINING_READING = `What to read from it
  - utility: the share of the people whose opinion an answer expresses, times its quality; 0 for an invalid answer.
  - true V is the approval of a slate of 6 (lambda_div 0, reward identity); its estimate is made from the votes on test queries alone
    (decomposed, no normalisation, clipped at 10), V_Z is what the paper's figure (tokens) converges to.
  - coverage: the share of the opinions, and of the people (by share), that 6 answers express; variation: total variation between
    the answers' opinions and the people's. (people): the best that answers in the people's own proportions.
  - More utility is easy at the cost of coverage. opinion-weighted reads opinion labels, which the others do not get. One
    seed: pope experiment synthetic compares the methods properly.
`;

export function nextText({ world }: Demo): string {
  return `What to type next
  npm run demo -- --seed ${world.seed + 1}                           other worlds
  node dist/cli/main.js simulate tabular -o log.jsonl   the first world's log as a file, to evaluate, change or break
  node dist/cli/main.js --help
`;
}

function fixed(value: number | null): string {
  return value === null ? '-' : value.toFixed(3);
}
