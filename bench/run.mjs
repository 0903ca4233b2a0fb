/**
 * `npm run bench`: every question of this folder in a process of its own, one after the other, as tables (or JSON lines with
 * --json). Each run is appended to build/bench/history.jsonl with machine and commit, and compared with the last one there of
 * the same machine. What asks for kernels runs with one thread and with all, or with the number that POPE_THREADS names.
 * Run: node bench/run.mjs [--quick] [--json] [NAME ...]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printCells } from './harness/growth.mjs';
import { threads } from './harness/threads.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const history = join(dirname(folder), 'build', 'bench', 'history.jsonl');
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = flags.filter((flag) => flag !== '--quick' && flag !== '--json');
const all = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs') && ![basename(import.meta.url), 'table.mjs'].includes(file))
  .map((file) => basename(file, '.mjs'));
for (const name of [...unknown, ...wanted.filter((name) => !all.includes(name))]) {
  console.error(`bench: "${name}" is not known; flags are --quick and --json, benchmarks are ${all.join(', ')}`);
  process.exit(2);
}

/** A core has floors of its own: how near a kernel comes to them is another matter than what threads add. */
const kernels = new Set(['generation', 'matmul', 'network-kernels', 'text-scoring', 'token-log-probs']);
const counts = (name) => (kernels.has(name) && !process.env.POPE_THREADS && threads > 1 ? [1, threads] : [threads]);

const git = (...args) => execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim();
const run = {
  machine: `${cpus()[0].model.trim()} x${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') ? '+' : ''),
  node: process.version,
  quick: flags.includes('--quick'),
};
const before = existsSync(history) ? readFileSync(history, 'utf8').trim().split('\n').map(JSON.parse) : [];
mkdirSync(dirname(history), { recursive: true });

let failed = 0;
const runs = (wanted.length > 0 ? wanted : all).flatMap((name) => counts(name).map((count) => ({ name, count })));
for (const { name, count } of runs) {
  const quick = run.quick ? ['--quick'] : [];
  const { status, stdout } = spawnSync(process.execPath, [join(folder, `${name}.mjs`), '--json', ...quick], {
    env: { ...process.env, POPE_THREADS: String(count) },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) {
    console.error(`bench: ${name} failed`);
    failed = 1;
    continue;
  }
  for (const line of stdout.trim().split('\n')) {
    const result = JSON.parse(line);
    appendFileSync(history, `${JSON.stringify({ ...run, date: new Date().toISOString(), name, ...result })}\n`);
    if (flags.includes('--json')) console.log(line);
    else if (result.rows[0].median === undefined) printCells(result);
    else print(result);
  }
}
process.exitCode = failed;

/** As a table, with the last median of the same machine and title that another commit had. */
function print({ title, rows }) {
  const same = before.filter(
    (old) => old.machine === run.machine && old.title === title && old.quick === run.quick && old.commit !== run.commit,
  );
  const last = same.at(-1);
  console.log(`\n${title}`);
  const table = rows.map(({ name, median, least, most, ratio, overFloor, above, megabytes }) => {
    const old = last?.rows.find((row) => row.name === name)?.median;
    const cells = { 'median ms': median, least, most, 'x faster': ratio, 'x floor': overFloor };
    Object.assign(cells, { 'ms above': above, 'MB above': megabytes });
    if (last) cells[`at ${last.commit}`] = old;
    const rounded = Object.entries(cells).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, Number(value.toPrecision(3))]],
    );
    return [name, Object.fromEntries(rounded)];
  });
  console.table(Object.fromEntries(table));
}
