import type { Demo, DemoRow } from '../../experiments/demo.js';
import { demo as runDemo } from '../../experiments/demo.js';
import { defineCommand } from '../command.js';
import { withInterval } from '../evaluation-report.js';
import { onOff } from '../flags.js';
import { readable, table } from '../table.js';

export const demo = defineCommand({
  name: 'demo',
  summary: 'Evaluate a policy in a built-in world whose true value is known. Needs no data and no download.',
  examples: ['pope demo', 'pope demo --seed 1'],
  arguments: [],
  flags: {
    quick: onOff('--quick', 'the table alone, without what to read from it'),
    json: onOff('--json', 'print one JSON object'),
  },
  async run(_values, { seed, quick, json }, { terminal, signal }) {
    const result = await runDemo({ seed, signal });
    if (json) return terminal.writeJson(result);
    await terminal.write(
      quick ? results(result) : `${introduction(result)}\n${results(result)}\n${explanation(result)}`,
    );
  },
});

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

function explanation({ world }: Demo): string {
  return `What to read from it
  - true V is the value of the target policy. With normalise none, slate and decomposed estimate it without bias, and bound a
    lower bound of it; slate weighs a response by its probability (form expected), so its V is another number.
  - V_Z is what a row converges to. With normalise tokens (the paper's figures) that is an index, not V.
  - decomposed has one weight per response, slate one per slate: its interval widens quickly with larger slates.

What to type next
  npm run demo -- --seed ${world.seed + 1}                           another world
  node dist/cli/main.js simulate tabular -o log.jsonl   this world's log as a file, to evaluate, change or break
  node dist/cli/main.js --help
`;
}
