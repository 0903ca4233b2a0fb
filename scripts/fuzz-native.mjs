/** Builds the C++ targets of test/fuzz: native code as in the product, with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileObjects, linkProgram } from './compile-objects.mjs';

const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'];
const flags = ['-std=c++20', '-Wall', '-Wextra', '-g', '-O1', '-Inative', '-Inative/include', '-Itest', ...sanitizers];
const avx512 = ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mfma'];
/** Flags, and the lists in native/sources.json that they compile. */
const tiers = {
  baseline: { extra: [], list: 'tiered' },
  avx2: { extra: ['-mavx2', '-mfma'], list: 'tiered' },
  avx512: { extra: avx512, list: 'tiered' },
  avx512bf16: { extra: [...avx512, '-mavx512bf16'], list: 'tieredBf16' },
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
  const isas = process.arch === 'x64' ? Object.keys(tiers) : ['baseline'];
  for (const isa of isas) {
    const { extra, list: those } = tiers[isa];
    objects.push(...(await compile(isa, list[those], [`-DPOPE_ISA=${isa}`, ...extra])).values());
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
