import { UnavailableError } from '../../errors.js';
import { type DoctorReport, diagnose } from '../../native/doctor.js';
import { defineCommand } from '../command.js';
import { onOff } from '../flags.js';
import { pairs } from '../table.js';

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Say which binary, device, instruction set and BLAS are used, and why others were not.',
  examples: ['pope doctor', 'pope doctor --json'],
  arguments: [],
  flags: { json: onOff('--json', 'print one JSON object') },
  async run(_values, { json }, { terminal }) {
    const report = diagnose();
    if (json) await terminal.writeJson(report);
    else await terminal.write(describe(report));
    if (report.binary !== null) return;
    throw new UnavailableError(
      'NATIVE_UNAVAILABLE',
      'no native binary can be loaded; build one with npm run build:native',
    );
  },
});

function describe({ package: { name, version }, node, platform, binary, rejected, devices }: DoctorReport): string {
  const { cpu, cuda } = devices;
  const gibibytes = (platform.memoryBytes / 2 ** 30).toFixed(1);
  const why = rejected.map(({ kind, path, reason }): [string, string] => [
    '  not taken',
    `${kind}: ${path}: ${reason}`,
  ]);
  const noBlas = cpu.blasRejected.map(({ library, reason }): [string, string] => [
    '  not taken',
    `${library}: ${reason}`,
  ]);
  return pairs([
    [name, version],
    ['node', `${node.version}, Node-API ${node.napi}`],
    [
      'machine',
      `${platform.os} ${platform.release} ${platform.arch}, ${platform.logicalCpus} CPUs, ${gibibytes} GiB: ${platform.cpu}`,
    ],
    ['binary', binary === null ? 'none' : `${binary.path} (${binary.kind}, ${binary.build}, ${binary.compiler})`],
    ...why,
    ['device cpu', cpu.available ? `${cpu.threads} threads` : `not available: ${cpu.reason}`],
    ['instruction set', `${cpu.simd ?? 'none'} (compiled: ${cpu.simdCompiled.join(', ')})`],
    ['BLAS', cpu.blas === null ? 'none: matrix products run on the built-in kernels' : describeBlas(cpu.blas)],
    ...noBlas,
    ['device cuda', cuda.available ? 'available' : `not available: ${cuda.reason}`],
  ]);
}

function describeBlas({ library, coreType }: { library: string; coreType: string | null }): string {
  return coreType === null ? library : `${library}, kernels for ${coreType}`;
}
