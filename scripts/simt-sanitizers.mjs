/**
 * Builds native/core and the CUDA kernels for the host (native/simt) with the sanitizers and runs test/native/core (queue, thread
 * pool) and test/native/simt under each:
 * AddressSanitizer and UndefinedBehaviorSanitizer in full, ThreadSanitizer with one block or so of each kernel. First the
 * planted bugs, so that silence means something. `address` or `thread` as an argument: that one alone. The compiler is $CXX,
 * g++ by default; needs neither nvcc nor a GPU.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allJobs, compileObjects, linkProgram } from './compile-objects.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = process.env.CXX ?? 'g++';
const sources = JSON.parse(readFileSync(join(root, 'native', 'sources.json'), 'utf8'));
const shim = ['native/simt/block.cpp', 'native/simt/fiber.cpp'];
/** The program of a folder of tests: its main and the files that it calls. */
const testsIn = (room) =>
  readdirSync(join(root, 'test/native', room))
    .filter((name) => name === 'main.cpp' || name.endsWith('_test.cpp'))
    .map((name) => `test/native/${room}/${name}`);
const kernels = [...new Set([...sources.cuda, ...sources.simt, ...sources.cudaKernels, ...shim])];
/** What each program is made of. The largest sources first, that no compiler is left with one of them at the end. */
const programs = {
  core_test: [...sources.core, ...testsIn('core')],
  planted: [...shim, 'native/core/error.cpp', 'test/native/simt/planted.cpp'],
  simt_test: [...testsIn('simt'), ...kernels, ...sources.core],
};
const size = (source) => statSync(join(root, source)).size;
const all = [...new Set(Object.values(programs).flat())].sort((a, b) => size(b) - size(a));
// Of debugging information the lines alone: for what a report names.
const flags = ['-std=c++20', '-Wall', '-Wextra', '-Wno-unknown-pragmas', '-DPOPE_SIMT', '-DPOPE_WITH_CUDA', '-g1'];
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
    // A test asks for more memory than there is. The order is the other one than above.
    environment: { TSAN_OPTIONS: 'allocator_may_return_null=1', POPE_SIMT_ORDER: 'backward' },
    arguments: ['--brief'],
    planted: { none: null, 'no-barrier': 'data race', 'no-order-in-warp': 'data race', 'early-copy': 'data race' },
  },
];

const chosen = process.argv.slice(2);
if (!chosen.every((name) => variants.some((variant) => variant.name === name))) {
  fail(`expected address, thread or nothing, got ${chosen.join(' ')}`);
}
const folder = mkdtempSync(join(tmpdir(), 'pope-simt-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const wanted = variants.filter(({ name }) => chosen.length === 0 || chosen.includes(name));
await Promise.all(wanted.map(runVariant)).catch((error) => fail(error.message));

/** Side by side with the other one: compiling takes all processors, a program of tests one. */
async function runVariant(variant) {
  const begun = performance.now();
  const objects = await compileObjects({
    compiler,
    root,
    folder: join(folder, variant.name),
    sources: all,
    flagsOf: (source) => [...flags, ...flagsOf(variant, source), ...includes],
    jobs: Math.ceil(allJobs / wanted.length),
  });
  const link = (name) =>
    linkProgram({
      compiler,
      root,
      program: join(folder, variant.name, name),
      objects: programs[name].map((source) => objects.get(source)),
      flags: variant.flags,
    });
  await expectSuccess(variant, link('core_test'), []);
  const planted = link('planted');
  for (const [bug, report] of Object.entries(variant.planted)) await expectReport(variant, planted, bug, report);
  const program = link('simt_test');
  const built = performance.now();
  await expectSuccess(variant, program, variant.arguments);
  const seconds = (from, to) => `${((to - from) / 1000).toFixed(1)} s`;
  console.log(
    `${variant.name} sanitizer: built in ${seconds(begun, built)}, kernels ran ${seconds(built, performance.now())}`,
  );
}

function flagsOf(variant, source) {
  return shim.includes(source) && variant.shimFlags ? variant.shimFlags : [...variant.flags, ...variant.checks];
}

async function expectSuccess(variant, program, args) {
  const { status, output } = await run(variant, program, args);
  if (status !== 0) fail(`${basename(program)} fails under the ${variant.name} sanitizer (${status})\n${output}`);
  console.log(`${variant.name} sanitizer: ${basename(program)} passes`);
}

/** The program must run in silence, or die of a report that holds `report` and names the file with the bug. */
async function expectReport(variant, program, bug, report) {
  const { status, output } = await run(variant, program, [bug]);
  const caught = status !== 0 && output.includes(`Sanitizer: ${report}`) && output.includes('planted.cpp');
  if (report === null ? status !== 0 || output !== '' : !caught) {
    fail(
      `planted bug "${bug}": expected ${report ?? 'no report'} under the ${variant.name} sanitizer, got ${status}\n${output}`,
    );
  }
  console.log(`${variant.name} sanitizer, planted bug "${bug}": ${report ?? 'silent, as it should be'}`);
}

/** Exit code or signal, and what the program said. */
function run(variant, program, args) {
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...variant.environment } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ status: code ?? signal, output }));
  });
}

function fail(message) {
  console.error(`simt-sanitizers: ${message}`);
  process.exit(1);
}
