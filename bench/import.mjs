/**
 * Question: what do importing the package and starting the command cost, above Node itself? Processor time and peak memory of
 * whole processes. Run: node bench/import.mjs [--quick] [--json]
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runNode } from './harness/child.mjs';
import { measure, report } from './harness/measure.mjs';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const { exports } = JSON.parse(readFileSync(path('package.json'), 'utf8'));
const modules = Object.keys(exports)
  .filter((name) => !name.endsWith('.json'))
  .map((name) => name.replace('.', 'pope-native'));

const importing = (code) => ['--input-type=module', '--eval', code];
const programs = {
  node: importing(''),
  ...Object.fromEntries(modules.map((name) => [name, importing(`import '${name}';`)])),
  'pope --help': [path('lib/cli/main.js'), '--help'],
  'pope doctor': [path('lib/cli/main.js'), 'doctor'],
  'pope evaluate --help': [path('lib/cli/main.js'), 'evaluate', '--help'],
};

const memory = {};
const candidates = Object.entries(programs).map(([name, args]) => [
  name,
  () => {
    const { ms, megabytes } = runNode(args, { cwd: path('.') });
    memory[name] = Math.min(memory[name] ?? megabytes, megabytes);
    return { ms };
  },
]);
const rows = await measure(Object.fromEntries(candidates), { rounds: 10 });
const node = rows[0];
report(
  'Importing and starting: processor time and memory',
  rows.map((row) => ({
    ...row,
    above: row.median - node.median,
    megabytes: memory[row.name] - memory.node,
  })),
);
