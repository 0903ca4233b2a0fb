/**
 * `npm run fuzz`: the native fuzz targets of test/fuzz under libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer.
 * Needs clang with its runtime libraries ($CLANG, clang++ by default); where it is missing this says so and ends well.
 *   --runs N      executions of each target (default 1,000,000)
 *   --only NAME   one target: abi or ops
 * What libFuzzer finds interesting is kept in build/fuzz/corpus, and what fails in build/fuzz/findings.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isCommand } from './commands.mjs';
import { compileObjects, linkProgram } from './compile-objects.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = process.env.CLANG ?? 'clang++';
const { runs, only } = parseArgs({
  options: { runs: { type: 'string', default: '1000000' }, only: { type: 'string' } },
}).values;
const targets = ['abi', 'ops'].filter((name) => only === undefined || name === only);
if (targets.length === 0 || !/^[1-9]\d*$/.test(runs))
  fail(`expected --only abi or ops and --runs N, got ${process.argv}`);

const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'];
const flags = ['-std=c++20', '-Wall', '-Wextra', '-g', '-O1', '-Inative', '-Inative/include', '-Itest', ...sanitizers];
const tiers = {
  baseline: [],
  avx2: ['-mavx2', '-mfma'],
  avx512: ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mfma'],
};
const folder = join(root, 'build/fuzz');

if (!isCommand(compiler)) {
  console.log(`fuzz: left out: there is no ${compiler} here (Debian and Ubuntu: sudo apt-get install -y clang)`);
} else {
  await main();
}

async function main() {
  const programs = await build();
  for (const name of targets) await fuzz(name, programs.get(name));
}

/** Native code as in the product, instrumented; a tiered source once per instruction set (binding.gyp has the rules). */
async function build() {
  const list = JSON.parse(readFileSync(join(root, 'native/sources.json'), 'utf8'));
  const sources = [...list.core, ...list.abi, ...list.ops, ...list.kernels];
  const instrumented = [...flags, '-fsanitize=fuzzer-no-link'];
  const compile = (name, those, extra = [], inputs = ['native']) =>
    compileObjects({
      compiler,
      root,
      folder: join(folder, name),
      sources: those,
      flagsOf: () => [...instrumented, ...extra],
      inputs,
    });
  const objects = [...(await compile('common', sources)).values()];
  const isas = process.arch === 'x64' ? Object.entries(tiers) : [['baseline', []]];
  for (const [isa, extra] of isas) {
    objects.push(...(await compile(isa, list.tiered, [`-DPOPE_ISA=${isa}`, ...extra])).values());
  }
  const programs = new Map();
  for (const name of targets) {
    const own = [...(await compile(name, [`test/fuzz/${name}.cpp`], [], ['native', 'test/fuzz'])).values()];
    const program = join(folder, `${name}_fuzz`);
    linkProgram({ compiler, root, program, objects: [...own, ...objects], flags: [...flags, '-fsanitize=fuzzer'] });
    programs.set(name, program);
  }
  return programs;
}

/** Ends the process with an error on the first finding. */
async function fuzz(name, program) {
  const corpus = join(folder, 'corpus', name);
  const findings = join(folder, 'findings', name);
  for (const each of [corpus, findings]) mkdirSync(each, { recursive: true });
  const limits = ['-max_len=512', '-timeout=10', '-rss_limit_mb=2048', `-artifact_prefix=${findings}/`];
  const begun = performance.now();
  // One thread and our own products: what happens depends on the input alone.
  const environment = {
    ...process.env,
    POPE_THREADS: '1',
    POPE_BLAS: 'off',
    ASAN_OPTIONS: 'allocator_may_return_null=0',
  };
  const log = await run(program, [corpus, `-runs=${runs}`, '-print_final_stats=1', ...limits], environment);
  const done = Number(/number_of_executed_units: (\d+)/.exec(log)?.[1] ?? 0);
  if (done < Number(runs)) fail(`${name}: ended after ${done} executions\n${log.slice(-4000)}`);
  await keepSmall(program, corpus, environment);
  const seconds = (performance.now() - begun) / 1000;
  const files = readdirSync(corpus);
  const bytes = files.reduce((sum, file) => sum + statSync(join(corpus, file)).size, 0);
  console.log(
    `fuzz: ${name}: ${done} executions without a finding in ${seconds.toFixed(0)} s ` +
      `(${Math.round(done / seconds)} a second); corpus of ${files.length} inputs, ${bytes} bytes`,
  );
}

/** Keeps of the corpus only what its coverage needs. */
async function keepSmall(program, corpus, environment) {
  const merged = `${corpus}.merged`;
  rmSync(merged, { recursive: true, force: true });
  mkdirSync(merged);
  await run(program, ['-merge=1', merged, corpus], environment);
  rmSync(corpus, { recursive: true });
  cpSync(merged, corpus, { recursive: true });
  rmSync(merged, { recursive: true });
}

/** What the program prints on standard error; a status other than 0 is a finding. */
function run(program, args, env) {
  return new Promise((resolve) => {
    let log = '';
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk) => {
      log = (log + chunk).slice(-100_000);
    });
    child.on('close', (code) => (code === 0 ? resolve(log) : fail(`${program} found a defect:\n${log.slice(-8000)}`)));
  });
}

function fail(message) {
  console.error(`fuzz: ${message}`);
  process.exit(1);
}
