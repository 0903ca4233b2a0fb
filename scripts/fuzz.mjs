/**
 * `npm run fuzz`: the targets of test/fuzz under libFuzzer: native code with AddressSanitizer and UndefinedBehaviorSanitizer, and the
 * readers of files, in JavaScript. Needs clang with its runtime libraries ($CLANG, clang++ by default); where it is missing this
 * says so and ends well.
 *   --runs N      executions in all (default 10,000,000), of which each target has its share
 *   --only NAME   one target
 *   --readers     those in JavaScript, which need no native code to be compiled
 *   --seed N      the same inputs every time, where the corpus is the same (default: other ones)
 * What libFuzzer finds interesting is kept in build/fuzz/corpus, and what fails in build/fuzz/findings.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dictionaryOf, seedsOf } from '../test/fuzz/seeds.mjs';
import { isCommand } from './commands.mjs';
import { buildNative } from './fuzz-native.mjs';
import { buildReaders, missingForReaders } from './fuzz-readers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = process.env.CLANG ?? 'clang++';
const folder = join(root, 'build/fuzz');
const total = (count) => count.reduce((sum, each) => sum + each, 0);

/** Of a thousand executions: the quicker a target, the more. */
const NATIVE = { abi: 860, ops: 20 };
const READERS = { safetensors: 40, rows: 30, index: 15, config: 15, template: 10, tokenizer: 10 };
const SHARES = { ...NATIVE, ...READERS };

const { runs, only, readers, seed } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000000' },
    only: { type: 'string' },
    readers: { type: 'boolean', default: false },
    seed: { type: 'string', default: '0' },
  },
}).values;
const targets = Object.keys(readers ? READERS : SHARES).filter((name) => only === undefined || name === only);
if (targets.length === 0 || !/^[1-9]\d*$/.test(runs) || !/^\d+$/.test(seed))
  fail(
    `expected --only ${Object.keys(SHARES).join(', ')}, --runs N and --seed N, got ${process.argv.slice(2).join(' ')}`,
  );

if (!isCommand(compiler)) {
  console.log(`fuzz: left out: there is no ${compiler} here (Debian and Ubuntu: sudo apt-get install -y clang)`);
} else {
  await main();
}

async function main() {
  const commands = await build();
  const shares = total(targets.map((name) => SHARES[name]));
  const done = [];
  for (const name of targets.filter((name) => commands.has(name))) {
    done.push(await fuzz(name, commands.get(name), Math.ceil((Number(runs) * SHARES[name]) / shares)));
  }
  console.log(`fuzz: ${total(done)} executions of ${done.length} targets without a finding`);
}

/** What runs each target, before the arguments of libFuzzer. */
async function build() {
  const commands = new Map();
  const native = targets.filter((name) => name in NATIVE);
  if (native.length > 0) {
    const programs = await buildNative({ compiler, root, folder, targets: native });
    for (const [name, program] of programs) commands.set(name, [program]);
  }
  const own = targets.filter((name) => name in READERS);
  const missing = own.length > 0 ? missingForReaders(compiler) : null;
  if (missing !== null) {
    console.log(`fuzz: ${own.join(', ')}: left out: there is no ${missing}`);
    return commands;
  }
  const copies = join(folder, 'readers');
  if (own.length > 0) buildReaders({ compiler, root, folder: copies });
  for (const name of own) {
    commands.set(name, [process.execPath, '--max-old-space-size=1024', 'test/fuzz/readers.mjs', name, copies]);
  }
  return commands;
}

/** Ends the process with an error on the first finding. */
async function fuzz(name, command, runs) {
  const corpus = join(folder, 'corpus', name);
  const findings = join(folder, 'findings', name);
  for (const each of [corpus, findings]) mkdirSync(each, { recursive: true });
  const limits = [`-seed=${seed}`, '-timeout=10', '-rss_limit_mb=2048', `-artifact_prefix=${findings}/`];
  if (name in READERS) limits.push('-max_len=4096', `-dict=${prepare(name, corpus)}`);
  else limits.push('-max_len=512');
  const begun = performance.now();
  // One thread and our own products: what happens depends on the input alone.
  const environment = {
    ...process.env,
    POPE_THREADS: '1',
    POPE_BLAS: 'off',
    ASAN_OPTIONS: 'allocator_may_return_null=0',
  };
  const log = await run([...command, corpus, `-runs=${runs}`, '-print_final_stats=1', ...limits], environment);
  const done = Number(/number_of_executed_units: (\d+)/.exec(log)?.[1] ?? 0);
  if (done < runs) fail(`${name}: ended after ${done} executions\n${log.slice(-4000)}`);
  await keepSmall(command, corpus, environment);
  const seconds = (performance.now() - begun) / 1000;
  const files = readdirSync(corpus);
  const bytes = files.reduce((sum, file) => sum + statSync(join(corpus, file)).size, 0);
  console.log(
    `fuzz: ${name}: ${done} executions without a finding in ${seconds.toFixed(0)} s ` +
      `(${Math.round(done / seconds)} a second); corpus of ${files.length} inputs, ${bytes} bytes`,
  );
  return done;
}

/** Puts the first inputs into a corpus, and returns the path of its dictionary. */
function prepare(name, corpus) {
  const seeds = seedsOf(name);
  for (const [i, seed] of seeds.entries()) writeFileSync(join(corpus, `seed-${i}`), seed);
  const dictionary = join(folder, `${name}.dict`);
  writeFileSync(dictionary, dictionaryOf(seeds));
  return dictionary;
}

/** Keeps of the corpus only what its coverage needs. */
async function keepSmall(command, corpus, environment) {
  const merged = `${corpus}.merged`;
  rmSync(merged, { recursive: true, force: true });
  mkdirSync(merged);
  await run([...command, '-merge=1', merged, corpus], environment);
  rmSync(corpus, { recursive: true });
  cpSync(merged, corpus, { recursive: true });
  rmSync(merged, { recursive: true });
}

/** What a target prints on standard error; a status other than 0 is a finding. */
function run([program, ...args], env) {
  return new Promise((resolve) => {
    let log = '';
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk) => {
      log = (log + chunk).slice(-100_000);
    });
    child.on('close', (code) =>
      code === 0 ? resolve(log) : fail(`${[program, ...args].join(' ')} found a defect:\n${log.slice(-8000)}`),
    );
  });
}

function fail(message) {
  console.error(`fuzz: ${message}`);
  process.exit(1);
}
