/**
 * Builds native/core and the CUDA kernels for the host (native/simt) with the sanitizers and runs test/native/core (queue, thread
 * pool) and test/native/simt under each:
 * AddressSanitizer and UndefinedBehaviorSanitizer in full, ThreadSanitizer with one block or so of each kernel. First the
 * planted bugs, so that silence means something. `address` or `thread` as an argument: that one alone. The compiler is $CXX,
 * g++ by default; needs neither nvcc nor a GPU.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = process.env.CXX ?? 'g++';
const sources = JSON.parse(readFileSync(join(root, 'native', 'sources.json'), 'utf8'));
const shim = ['native/simt/block.cpp', 'native/simt/fiber.cpp'];
const common = ['native/core/error.cpp', 'native/kernels/elementwise/narrow.cpu.cpp'];
/** The program of a folder of tests: its main and the files that it calls. */
const testsIn = (room) =>
  readdirSync(join(root, 'test/native', room))
    .filter((name) => name === 'main.cpp' || name.endsWith('_test.cpp'))
    .map((name) => `test/native/${room}/${name}`);
const tests = testsIn('simt');
const coreTests = testsIn('core');
const kernels = [...sources.core, ...sources.cuda, ...sources.simt, ...sources.cudaKernels].filter(
  (source) => !shim.includes(source) && !common.includes(source),
);
const flags = ['-std=c++20', '-Wall', '-Wextra', '-Wno-unknown-pragmas', '-DPOPE_SIMT', '-DPOPE_WITH_CUDA', '-g'];
const includes = ['-Inative', '-Inative/include'];

const variants = [
  {
    name: 'address',
    flags: ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
    // GCC 12 finds the address of a function not constant under the checks for null; ASan sees null too.
    checks: ['-fno-sanitize=null,nonnull-attribute,returns-nonnull-attribute'],
    shimFlags: null,
    // A block that is refused is left where it stood, with what its stacks own.
    environment: { ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1' },
    arguments: [],
    planted: { none: null, 'shared-write': 'heap-buffer-overflow', 'global-write': 'heap-buffer-overflow' },
  },
  {
    name: 'thread',
    flags: ['-O1', '-fsanitize=thread'],
    checks: [],
    // native/simt/block.h says why. The portable way to switch stacks is tried here, the fast one above.
    shimFlags: ['-O1', '-DPOPE_SIMT_TSAN', '-DPOPE_SIMT_UCONTEXT'],
    // A test asks for more memory than there is.
    environment: { TSAN_OPTIONS: 'allocator_may_return_null=1' },
    arguments: ['--brief'],
    planted: { none: null, 'no-barrier': 'data race', 'no-order-in-warp': 'data race' },
  },
];

const chosen = process.argv.slice(2);
if (!chosen.every((name) => variants.some((variant) => variant.name === name))) {
  fail(`expected address, thread or nothing, got ${chosen.join(' ')}`);
}
const folder = mkdtempSync(join(tmpdir(), 'pope-simt-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const variant of variants) if (chosen.length === 0 || chosen.includes(variant.name)) await runVariant(variant);

async function runVariant(variant) {
  const begun = performance.now();
  mkdirSync(join(folder, variant.name));
  testCore(variant);
  const objects = await compileAll(variant, [...shim, ...common, ...kernels, ...tests, 'test/native/simt/planted.cpp']);
  const shared = [...shim, ...common].map((source) => objects.get(source));
  const planted = link(variant, 'planted', [...shared, objects.get('test/native/simt/planted.cpp')]);
  for (const [bug, report] of Object.entries(variant.planted)) expectReport(variant, planted, bug, report);
  const program = link(variant, 'simt_test', [
    ...shared,
    ...[...kernels, ...tests].map((source) => objects.get(source)),
  ]);
  const built = performance.now();
  const { status, signal } = run(variant, program, variant.arguments, 'inherit');
  if (status !== 0) fail(`the tests fail under the ${variant.name} sanitizer (${signal ?? `exit code ${status}`})`);
  const seconds = (from, to) => `${((to - from) / 1000).toFixed(1)} s`;
  console.log(
    `${variant.name} sanitizer: tests pass (built in ${seconds(begun, built)}, ran ${seconds(built, performance.now())})`,
  );
}

/** Queue, buffers and thread pool by themselves, without CUDA. */
function testCore(variant) {
  const program = join(folder, variant.name, 'core_test');
  const common = ['-std=c++20', '-g', ...variant.flags, ...variant.checks, ...includes];
  const command = [...common, ...sources.core, ...coreTests, '-pthread', '-ldl', '-o', program];
  if (spawnSync(compiler, command, { cwd: root, stdio: 'inherit' }).status !== 0) fail('native/core does not compile');
  const { status, stderr } = run(variant, program, [], 'pipe');
  if (status !== 0) fail(`native/core fails under the ${variant.name} sanitizer\n${stderr}`);
  console.log(`${variant.name} sanitizer: the tests of native/core pass`);
}

/** Compiles on all processors; resolves with the object of each source. */
async function compileAll(variant, list) {
  const objects = new Map(list.map((source, i) => [source, join(folder, variant.name, `${i}-${basename(source)}.o`)]));
  const queue = [...objects];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await compile(variant, ...next);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return objects;
}

function compile(variant, source, object) {
  const own = shim.includes(source) && variant.shimFlags ? variant.shimFlags : [...variant.flags, ...variant.checks];
  const language = source.endsWith('.cu') ? ['-x', 'c++'] : [];
  const command = [...flags, ...own, ...includes, ...language, '-c', source, '-o', object];
  return new Promise((resolve) => {
    spawn(compiler, command, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
      .on('error', (error) => fail(`cannot run ${compiler}: ${error.message}`))
      .on('close', (code) => (code === 0 ? resolve() : fail(`${source} does not compile`)));
  });
}

function link(variant, name, objects) {
  const program = join(folder, variant.name, name);
  const command = [...variant.flags, ...objects, '-pthread', '-ldl', '-o', program];
  if (spawnSync(compiler, command, { cwd: root, stdio: 'inherit' }).status !== 0) fail(`${name} does not link`);
  return program;
}

/** The program must run in silence, or die of a report that holds `report` and names the file with the bug. */
function expectReport(variant, program, bug, report) {
  const { status, stderr } = run(variant, program, [bug], 'pipe');
  const caught = status !== 0 && stderr.includes(`Sanitizer: ${report}`) && stderr.includes('planted.cpp');
  if (report === null ? status !== 0 || stderr !== '' : !caught) {
    fail(
      `planted bug "${bug}": expected ${report ?? 'no report'} under the ${variant.name} sanitizer, got ${status}\n${stderr}`,
    );
  }
  console.log(`${variant.name} sanitizer, planted bug "${bug}": ${report ?? 'silent, as it should be'}`);
}

function run(variant, program, args, stdio) {
  const env = { ...process.env, ...variant.environment };
  return spawnSync(program, args, { cwd: root, env, stdio, encoding: 'utf8' });
}

function fail(message) {
  console.error(`simt-sanitizers: ${message}`);
  process.exit(1);
}
