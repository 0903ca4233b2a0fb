import { UnavailableError } from '../../errors.js';
import { type DoctorReport, diagnose } from '../../native/doctor.js';
import { defineCommand } from '../command.js';
import { onOff } from '../flags.js';
import { pairs } from '../table.js';

export const doctor = defineCommand({
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
    ...describeCuda(cuda),
  ]);
}

function describeCuda(cuda: DoctorReport['devices']['cuda']): [string, string][] {
  const lines: [string, string][] = [['device cuda', cuda.available ? 'available' : `not available: ${cuda.reason}`]];
  if (cuda.binary === null) return lines;
  lines.push(
    ['  binary', `${cuda.binary.path} (${cuda.binary.kind})`],
    [
      '  CUDA',
      `binary: ${cuda.runtime ?? 'unknown'}; driver: ${cuda.driver === null ? 'none' : `supports ${cuda.driver}`}`,
    ],
  );
  for (const { name, computeCapability, memoryBytes, multiprocessors } of cuda.gpus) {
    const memory = (memoryBytes / 2 ** 30).toFixed(1);
    lines.push(['  GPU', `${name}, compute ${computeCapability}, ${memory} GiB, ${multiprocessors} multiprocessors`]);
  }
  lines.push(['  cuBLASLt', cuda.cublasLt ?? 'none: matrix products run on the built-in kernels']);
  for (const { library, reason } of cuda.cublasLtRejected) lines.push(['    not taken', `${library}: ${reason}`]);
  if (cuda.missingOps.length > 0) {
    lines.push(['  without a kernel', `${cuda.missingOps.join(', ')}; until they have one, auto is the CPU`]);
  }
  return lines;
}

function describeBlas({ library, coreType }: { library: string; coreType: string | null }): string {
  return coreType === null ? library : `${library}, kernels for ${coreType}`;
}
