import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import {
  buildReport,
  csvFiles,
  figureSvg,
  type Report,
  type Run,
  readRun,
  reportHtml,
  reportJson,
  reportMarkdown,
  sensitivityFigure,
  svgFiles,
} from '../../src/report/index.js';
import { figuresOf, type Section, tablesOf } from '../../src/report/model.js';
import { runCli } from '../cli/run-cli.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { smallRuns } from './small-runs.js';

const folder = temporaryFolder();
let files: { runs: string[]; log: string };
let runs: Run[];
let report: Report;

const build = async () => buildReport(runs, { log: await LoggedDataset.open(files.log) });
const section = (id: string) => report.sections.find((each) => each.id === id)!;
const table = (id: string) => tablesOf(report).find((each) => each.id === id)!;

beforeAll(async () => {
  files = await smallRuns(folder);
  runs = await Promise.all(files.runs.map((path) => readRun(path)));
  report = await build();
});

describe('sections', () => {
  it('are there for every kind of run, the verdict first and the sources last', () => {
    expect(report.sections.map(({ id }) => id)).toEqual([
      ...['answer', 'values', 'comparison', 'groups', 'weights', 'sensitivity', 'envelopes', 'coverage', 'wins'],
      ...['quality', 'experiments', 'experiment', 'training', 'study', 'samples', 'environment'],
    ]);
  });

  it('are left out without data', async () => {
    const { sections } = await buildReport(runs.filter(({ kind }) => kind === 'study'));
    expect(sections.map(({ id }: Section) => id)).toEqual(['study', 'environment']);
  });

  it('have the numbers of the evaluation, unrounded', () => {
    const run = runs.find(({ name, kind }) => name === 'new' && kind === 'evaluation')!;
    if (run.kind !== 'evaluation') throw new Error('not an evaluation');
    const { estimates, headline } = run.data;
    const rows = table('values').rows.filter(({ policy }) => policy === 'new');
    expect(rows.map(({ value }) => value)).toEqual(estimates.map(({ value }) => value));
    expect(rows.map(({ low }) => low)).toEqual(estimates.map(({ interval }) => interval!.low));
    const answer = section('answer').blocks.find((block) => block.kind === 'answer' && block.policy?.name === 'new');
    expect(answer).toMatchObject({ verdict: headline!.verdict });
    const bins = table('weight-histogram').rows.filter(({ policy }) => policy === 'new');
    expect(bins.reduce((sum, { count }) => sum + Number(count), 0)).toBeCloseTo(1, 12);
    expect(bins.reduce((sum, { share }) => sum + Number(share), 0)).toBeCloseTo(1, 12);
  });

  it('have the tables and figures of the experiments of the paper, scaled as there', () => {
    const figure = figuresOf(report).find(({ data }) => data.id === 'experiment-rq2-paper')!;
    expect(figure.panels.map(({ title }) => title)).toEqual(['Coverage: gpt2, teas', 'Win rate: gpt2, teas']);
    const win = figure.data.rows.find(({ method, metric }) => method === 'pope' && metric === 'Win rate');
    expect(win).toMatchObject({ value: 70, difference: null });
    expect(figure.data.rows.find(({ method }) => method === 'pope')!.difference).toBeCloseTo(0.1, 12);
    expect(table('envelopes').rows.filter(({ source }) => source === 'gpt2, teas')).toHaveLength(2);
  });

  it('name the worst group', () => {
    const { rows } = table('groups-new');
    expect(rows[0]!.worst).toBe('worst');
    expect(rows.map(({ value }) => Number(value))).toEqual(
      rows.map(({ value }) => Number(value)).toSorted((a, b) => a - b),
    );
  });

  it('say "no value" where the log supports none', async () => {
    const [run] = runs.filter(({ kind }) => kind === 'evaluation') as Extract<Run, { kind: 'evaluation' }>[];
    const unsupported = { ...run!, data: { ...run!.data, headline: null, verdict: 'unreliable' as const } };
    const { sections } = await buildReport([unsupported]);
    expect(sections[0]!.blocks[0]).toMatchObject({ kind: 'answer', headline: 'No value', verdict: 'unreliable' });
  });

  it('have the values with a model of the reward, where there are any', async () => {
    const [run] = runs.filter(({ kind }) => kind === 'evaluation') as Extract<Run, { kind: 'evaluation' }>[];
    const bounds = { method: 't', low: 1, high: 3, alpha: 0.05 };
    const dr = { estimator: 'dr' as const, value: 2, interval: bounds, utility: 1, utilityInterval: bounds };
    const predicted = [{ ...dr, utilityError: 0.1, verdict: 'reliable' as const }];
    const made = await buildReport([{ ...run!, data: { ...run!.data, predicted } }]);
    const { rows } = tablesOf(made).find(({ id }) => id === 'values')!;
    expect(rows.at(-1)).toMatchObject({
      estimator: 'dr',
      normalise: 'none',
      value: 2,
      low: 1,
      high: 3,
      verdict: 'reliable',
    });
  });

  it('give a policy one colour everywhere', () => {
    const colours = figuresOf(report).flatMap(({ legend, data }) => (data.id === 'study' ? [] : legend));
    for (const name of ['sft', 'new', 'pope']) {
      expect(new Set(colours.filter((entry) => entry.name === name).map(({ colour }) => colour)).size).toBe(1);
    }
    expect(new Set(colours.map(({ colour }) => colour)).size).toBeGreaterThan(2);
  });

  it('show the same drawn queries for one seed', async () => {
    const queries = async (seed: number) => {
      const { sections } = await buildReport(runs, { seed, samples: 3 });
      const blocks = sections.find(({ id }) => id === 'samples')!.blocks;
      return blocks.flatMap((block) => (block.kind === 'sample' ? [block.query] : []));
    };
    expect(await queries(1)).toEqual(await queries(1));
    expect(await queries(1)).toHaveLength(3);
    expect(await queries(1)).not.toEqual(await queries(2));
  });
});

describe('formats', () => {
  it('are the same bytes for the same runs', async () => {
    const again = await build();
    expect(await reportHtml(again)).toBe(await reportHtml(report));
    expect(reportJson(again)).toBe(reportJson(report));
  });

  it('keep hostile text inert', async () => {
    const html = await reportHtml(report);
    expect(html).not.toMatch(/<script|<img|onerror=alert\(1\)>/i);
    expect(html).toContain('&#60;script&#62;');
    expect(reportMarkdown(report)).not.toMatch(/<script|<img/);
  });

  it('as HTML, allow no script, no request and no style but their own', async () => {
    const html = await reportHtml(report);
    expect(html).toMatch(
      /Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'"/,
    );
    expect(html).not.toMatch(/(?:src|href)="(?!#|data:)/);
    expect(html.replace(/"[^"]*"/g, '')).not.toMatch(/<[^>]* (?:style|on[a-z]+)=/);
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(html.match(/<svg [^>]*role="img" aria-label="[^"]+"/g)!.length).toBeGreaterThanOrEqual(
      figuresOf(report).length,
    );
    expect(html.match(/<th scope="col"/g)!.length).toBeGreaterThan(50);
  });

  it('as CSV, hold every table, with no cell that a spreadsheet would run', () => {
    const written = csvFiles(report);
    expect(new Set(written.map(({ name }) => name)).size).toBe(tablesOf(report).length);
    const values = written.find(({ name }) => name === 'values.csv')!.content.split('\r\n');
    expect(values[0]).toBe(
      'policy,estimator,normalise,value,low,high,perResponse,utility,diversity,selfNormalised,form,transform,verdict',
    );
    expect(values).toHaveLength(table('values').rows.length + 2);
  });

  it('as SVG, stand alone: a legend, colours by value, marks', async () => {
    const written = await svgFiles(report);
    expect(written.length).toBe(figuresOf(report).reduce((sum, { panels }) => sum + panels.length, 0));
    for (const { content } of written) {
      expect(content).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
      expect(content).not.toMatch(/var\(|NaN/);
      expect(content).toMatch(/class="mark-(symbol|rect|line|rule)/);
    }
    const values = written.find(({ name }) => name.startsWith('values-1'))!.content;
    expect(values).toContain('>new</text>');
  });

  it('as Markdown, have the tables of all charts', () => {
    const markdown = reportMarkdown(report);
    for (const { title } of report.sections) expect(markdown).toContain(`## ${title}`);
    expect(markdown).toMatch(/^\| policy \| estimator \| normalise \| value \|/m);
  });
});

describe('what cannot be shown', () => {
  const path = (name: string) => join(folder, name);

  it('is refused by name', async () => {
    writeFileSync(path('other.json'), '{"hello":1}');
    writeFileSync(path('broken.json'), '{"hello"');
    mkdirSync(path('empty'), { recursive: true });
    await expect(readRun(path('absent.json'))).rejects.toMatchObject({
      code: 'REPORT_INPUT',
      message: /absent\.json: no such file/,
    });
    await expect(readRun(path('other.json'))).rejects.toThrow(/not a result that a report can show/);
    await expect(readRun(path('broken.json'))).rejects.toThrow(/broken\.json: expected JSON/);
    await expect(readRun(path('empty'))).rejects.toThrow(/neither metrics\.jsonl and config\.json nor table\.json/);
    const evaluation = JSON.parse(readFileSync(path('new.json'), 'utf8'));
    writeFileSync(path('changed.json'), JSON.stringify({ ...evaluation, queries: 'many' }));
    await expect(readRun(path('changed.json'))).rejects.toThrow(/changed\.json: queries: /);
  });

  it('is two runs of one name', async () => {
    const [run] = runs;
    await expect(buildReport([run!, run!])).rejects.toMatchObject({ code: 'REPORT_RUNS', message: /NAME=/ });
  });

  it('is not the half line that a killed run leaves', async () => {
    const training = runs.find(({ kind }) => kind === 'training')!;
    writeFileSync(join(training.path, 'metrics.jsonl'), '{"kind":"step","st', { flag: 'a' });
    const again = await readRun(training.path);
    expect(again.kind === 'training' && again.data.metrics).toEqual(
      training.kind === 'training' && training.data.metrics,
    );
  });
});

it('pope simulate --study and pope sensitivity draw their charts', async () => {
  const chart = join(folder, 'study.svg');
  const argv = ['simulate', 'tabular', '--study', '2', '--queries', '20', '--chart', chart];
  expect(await runCli(argv)).toMatchObject({ code: 0, stderr: '' });
  const svg = readFileSync(chart, 'utf8');
  expect(svg.match(/<svg /g)).toHaveLength(3);
  expect(svg).toContain('Coverage of the interval');
  expect(svg).not.toContain('var(');
  expect(await runCli(['simulate', 'tabular', '-o', join(folder, 'x.jsonl'), '--chart', chart])).toMatchObject({
    code: 2,
  });
  const run = runs.find(({ kind }) => kind === 'sensitivity')!;
  if (run.kind !== 'sensitivity') throw new Error('not of the sensitivity');
  const drawn = await figureSvg(sensitivityFigure(run.data));
  expect(drawn.match(/aria-roledescription="symbol mark container"/g)).toHaveLength(1);
  expect(drawn).toContain('noise of 0.1 nats');
});

it('pope report writes a page, or a folder of charts', async () => {
  const page = join(folder, 'page.html');
  const common = ['report', files.runs[0]!, files.runs[2]!, '--title', 'Old & new'];
  expect(await runCli([...common, '-o', page])).toMatchObject({ code: 0, stdout: '', stderr: `${page}\n` });
  expect(readFileSync(page, 'utf8')).toContain('<h1>Old &#38; new</h1>');
  expect(await runCli([...common, '--format', 'svg', '-o', join(folder, 'charts')])).toMatchObject({ code: 0 });
  expect(readdirSync(join(folder, 'charts'))).toContain('compared-1-the-value-of-each.svg');
  expect(await runCli(['report', 'nothing.json', '-o', page])).toMatchObject({ code: 3 });
});
