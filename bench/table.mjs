/**
 * The last results of every benchmark in build/bench/history.jsonl as Markdown, for docs/performance.md.
 * Run: node bench/table.mjs > tables.md
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const history = fileURLToPath(new URL('../build/bench/history.jsonl', import.meta.url));
const results = readFileSync(history, 'utf8').trim().split('\n').map(JSON.parse);
const last = new Map(results.filter(({ quick }) => !quick).map((result) => [result.title, result]));
const titles = { median: 'median, ms', least: 'least', most: 'most', ratio: 'x faster', overFloor: 'x floor' };

for (const { title, rows, machine, commit } of last.values()) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => key !== 'name');
  const line = (cells) => `| ${cells.join(' | ')} |`;
  console.log(`### ${title}\n\n${machine}, commit ${commit}\n`);
  console.log(line(['', ...columns.map((key) => titles[key] ?? key)]));
  console.log(line(['---', ...columns.map(() => '---:')]));
  for (const row of rows) {
    const number = (value) => (value === undefined ? '' : String(Number(value.toPrecision(3))));
    console.log(line([row.name, ...columns.map((key) => number(row[key]))]));
  }
  console.log('');
}
