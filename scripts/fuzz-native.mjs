/** Builds the C++ targets of test/fuzz: native code as in the product, with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileObjects, linkProgram } from './compile-objects.mjs';

const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'];
const flags = ['-std=c++20', '-Wall', '-Wextra', '-g', '-O1', '-Inative', '-Inative/include', '-Itest', ...sanitizers];
const tiers = {
  baseline: [],
  avx2: ['-mavx2', '-mfma'],
  avx512: ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mfma'],
};

/** The programs of targets by their names; a tiered source is compiled once per instruction set (binding.gyp has the rules). */
export async function buildNative({ compiler, root, folder, targets }) {
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
