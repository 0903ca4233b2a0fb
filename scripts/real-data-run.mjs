/**
 * Runs the whole of POPE on real logs and prints the tables of docs/real-data.md: import, score with a small pretrained
 * model as target and, at temperature 1.3, as logging policy, evaluate, align; then the Open Bandit data, whose logged
 * propensities are true. Needs `npm run setup` and the folder POPE_SHARED (default ../shared). Numbers only: no text of
 * these sets is printed.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const shared = process.env.POPE_SHARED ?? join(root, '..', 'shared');
const model = join(shared, 'fixtures/pretrained/stories260K/hf');
if (!existsSync(model)) {
  console.error(`no pretrained model at ${model}; set POPE_SHARED to the folder that has data/ and fixtures/`);
  process.exit(3);
}
const work = mkdtempSync(join(tmpdir(), 'pope-real-data-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

function pope(...args) {
  const output = execFileSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return args.includes('--json') ? JSON.parse(output) : output;
}

function timed(work) {
  const start = performance.now();
  const result = work();
  return { result, seconds: (performance.now() - start) / 1000 };
}

async function countTokens(path) {
  let tokens = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) tokens += JSON.parse(line).tokens;
  return tokens;
}

const figure = (x) => (x === null ? '-' : Number(x.toPrecision(3)).toString());
const interval = ({ low, high }) => `[${figure(low)}, ${figure(high)}]`;
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);
const header = (...names) => {
  row(...names);
  row(...names.map(() => '---'));
};

const logs = {
  oasst: ['data/oasst_trees/en_100_tree.sample.jsonl'],
  'amazon-fine-food': ['data/amazon_fine_food/Reviews.sample.csv'],
  stackexchange: readdirSync(join(shared, 'data/stackexchange'))
    .filter((site) => site !== 'README.md')
    .map((site) => `data/stackexchange/${site}/Posts.xml`)
    .map((file) => (existsSync(join(shared, file)) ? file : `${file}.gz`)),
};

const imported = [];
const scored = [];
const estimates = [];
for (const [adapter, files] of Object.entries(logs)) {
  const log = join(work, `${adapter}.jsonl`);
  const target = join(work, `${adapter}.target.jsonl`);
  const logging = join(work, `${adapter}.logging.jsonl`);
  const report = pope('import', adapter, ...files.map((file) => join(shared, file)), '-o', log, '--json');
  imported.push([adapter, report]);
  const score = (output, temperature) =>
    pope('score', log, '--model', model, '--temperature', temperature, '--on-overflow', 'skip', '-o', output);
  const { seconds } = timed(() => score(target, '1'));
  score(logging, '1.3');
  scored.push([adapter, await countTokens(target), seconds]);
  const options = ['--target', target, '--logging', logging, '--skip-unscored', '--json'];
  estimates.push([adapter, pope('evaluate', log, ...options)]);
}

console.log('## Import\n');
header('log', 'queries read', 'kept', 'responses read', 'kept');
for (const [name, { queries, responses }] of imported) {
  row(name, queries.read, queries.kept, responses.read, responses.kept);
}
console.log('\n## Score\n');
header('log', 'response tokens', 'seconds, start-up included');
for (const [name, tokens, seconds] of scored) row(name, tokens, seconds.toFixed(1));

console.log('\n## Evaluate\n');
header('log', 'queries', 'normalise', 'estimator', 'value', '95 % interval', 'self-normalised', 'ESS share', 'verdict');
for (const [name, { queries, estimates: rows }] of estimates) {
  for (const { normalise, estimator, value, interval: range, selfNormalised, diagnostics, verdict } of rows) {
    const share = figure(diagnostics.effectiveSampleShare);
    row(name, queries, normalise, estimator, figure(value), interval(range), figure(selfNormalised), share, verdict);
  }
}

/** Half of the queries of all three logs for training, four tenths for the estimates before and after. */
const all = join(work, 'all.jsonl');
writeFileSync(
  all,
  Object.keys(logs)
    .map((name) => readFileSync(join(work, `${name}.jsonl`), 'utf8'))
    .join(''),
);
const allLogging = join(work, 'all.logging.jsonl');
const scoreAll = (folder, temperature, output) =>
  pope('score', all, '--model', folder, '--temperature', temperature, '--on-overflow', 'skip', '-o', output);
scoreAll(model, '1.3', allLogging);
const split = ['--split-ratio', '0.5,0.1,0.4'];
const run = join(work, 'run');
const training = ['--logging', allLogging, '--steps', '300', '--on-overflow', 'skip', ...split];
const { seconds } = timed(() => pope('align', all, '--model', model, '-o', run, ...training));
console.log('\n## Align\n');
header(
  'model',
  'test queries',
  'normalise',
  'value',
  '95 % interval',
  'utility',
  'self-normalised',
  'mean weight',
  'verdict',
);
for (const [name, folder] of Object.entries({ before: model, after: join(run, 'model') })) {
  const target = join(work, `all.${name}.jsonl`);
  scoreAll(folder, '1', target);
  const options = [
    '--target',
    target,
    '--logging',
    allLogging,
    '--skip-unscored',
    '--split',
    'test',
    ...split,
    '--json',
  ];
  const { queries, estimates: rows } = pope('evaluate', all, ...options);
  for (const { estimator, normalise, value, interval: range, utility, selfNormalised, diagnostics, verdict } of rows) {
    if (estimator !== 'decomposed') continue;
    const weight = figure(diagnostics.meanWeight);
    row(
      name,
      queries,
      normalise,
      figure(value),
      interval(range),
      figure(utility),
      figure(selfNormalised),
      weight,
      verdict,
    );
  }
}
console.log(`\n300 steps took ${seconds.toFixed(0)} s.`);

/** The uniform policy over 34 items has the same propensity everywhere, so its scores need no model. */
const uniform = join(work, 'uniform.jsonl');
const bandit = (policy) => {
  const log = join(work, `${policy}.jsonl`);
  const map = ['propensity=propensity_score', 'text=item_id', 'signal=click'].flatMap((field) => ['--map', field]);
  pope('import', 'generic', join(shared, `data/open_bandit/${policy}/men/men.csv.gz`), '-o', log, ...map);
  return readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
};
const bts = bandit('bts');
const onPolicy = bandit('random').map(({ responses }) => responses[0].signal);
const scoreOf = ({ id, responses: [response] }) => ({
  query: id,
  response: response.id,
  policy: 'uniform',
  logprob: -Math.log(34),
  tokens: 1,
  bytes: Buffer.byteLength(response.text),
  entropy: null,
  temperature: 1,
  dtype: 'f64',
  model: null,
  tokenizer: null,
  key: null,
});
writeFileSync(uniform, bts.map((slate) => `${JSON.stringify(scoreOf(slate))}\n`).join(''));
const options = ['--normalise', 'none', '--reward', 'identity', '--lambda-div', '0', '--json'];
const result = pope('evaluate', join(work, 'bts.jsonl'), '--target', uniform, '--logging', 'log', ...options);
const decomposed = result.estimates.find(({ estimator }) => estimator === 'decomposed');
const mean = onPolicy.reduce((total, click) => total + click, 0) / onPolicy.length;
const error = Math.sqrt((mean * (1 - mean)) / onPolicy.length);

console.log('\n## Open Bandit: click rate of the random policy\n');
header('from', 'impressions', 'value', '95 % interval', 'self-normalised', 'ESS share', 'verdict');
row(
  'log of Bernoulli Thompson sampling',
  result.queries,
  figure(decomposed.value),
  interval(decomposed.interval),
  figure(decomposed.selfNormalised),
  figure(decomposed.diagnostics.effectiveSampleShare),
  decomposed.verdict,
);
const onPolicyInterval = interval({ low: mean - 1.96 * error, high: mean + 1.96 * error });
row('its own log (on-policy mean)', onPolicy.length, figure(mean), onPolicyInterval, '-', '1', '-');
