import { z } from 'zod';
import { type Run, runsOf } from '../inputs/run.js';
import type { Block, Facts, Section } from '../model.js';

/** The part of `pope doctor --json` that a reader wants to know; what is missing or other is left out. */
const doctor = z
  .object({
    package: z.object({ name: z.string(), version: z.string() }),
    node: z.object({ version: z.string() }),
    platform: z.object({
      os: z.string(),
      release: z.string(),
      arch: z.string(),
      cpu: z.string(),
      logicalCpus: z.int(),
    }),
    binary: z.object({ kind: z.string(), compiler: z.string(), build: z.string() }).nullable(),
    devices: z.object({
      cpu: z.object({ simd: z.string().nullable(), threads: z.int(), blas: z.unknown() }),
      cuda: z.object({ available: z.boolean(), gpus: z.array(z.unknown()) }),
    }),
  })
  .partial();

const KINDS: Record<Run['kind'], string> = {
  evaluation: 'pope evaluate',
  comparison: 'pope compare',
  metrics: 'pope metrics',
  training: 'pope align',
  experiment: 'pope experiment',
  paper: 'pope experiment',
  study: 'pope simulate --study',
  sensitivity: 'pope sensitivity',
  generations: 'generations',
};

/** What the report was made from, and on which machine that was made: enough to make it again. */
export function environment(runs: readonly Run[]): Section {
  const sources: Block = {
    kind: 'table',
    table: {
      id: 'sources',
      caption: 'Files that this report was made from',
      columns: [
        { key: 'name', title: 'name' },
        { key: 'kind', title: 'made by' },
        { key: 'file', title: 'file' },
        { key: 'hash', title: 'hash' },
      ],
      rows: runs.map(({ name, kind, path, hash }) => ({ name, kind: KINDS[kind], file: path, hash })),
    },
  };
  const inputs = runsOf(runs, 'evaluation').map(({ name, data: { inputs: given, options } }): Facts => {
    const entries = [...Object.entries(given), ...Object.entries(options)];
    return {
      kind: 'facts',
      title: `${name}: inputs and options`,
      entries: entries.map(([key, value]) => [key, shown(value)]),
    };
  });
  const settings = runsOf(runs, 'training').map(({ name, data: { config } }): Facts => {
    const entries = [
      ['model', config.model.folder],
      ['model hash', config.model.hash],
      ['log', config.log],
      ...Object.entries(config.training),
    ];
    return {
      kind: 'facts',
      title: `${name}: settings of training`,
      entries: entries.map(([key, value]) => [String(key), shown(value)]),
    };
  });
  return {
    id: 'environment',
    title: 'Where this comes from',
    blocks: [sources, ...machines(runs), ...inputs, ...settings],
  };
}

/** Each different machine once. */
function machines(runs: readonly Run[]): Facts[] {
  const byText = new Map<string, { names: string[]; entries: Facts['entries'] }>();
  for (const run of runs) {
    const report = 'environment' in run.data ? run.data.environment : null;
    const entries = machine(report);
    if (entries.length === 0) continue;
    const text = JSON.stringify(entries);
    const known = byText.get(text) ?? { names: [], entries };
    known.names.push(run.name);
    byText.set(text, known);
  }
  return Array.from(byText.values(), ({ names, entries }) => ({
    kind: 'facts',
    title: byText.size === 1 ? 'Machine' : `Machine of ${[...new Set(names)].join(', ')}`,
    entries,
  }));
}

function machine(report: unknown): Facts['entries'] {
  const found = doctor.safeParse(report ?? {});
  if (!found.success) return [];
  const { package: own, node, platform, binary, devices } = found.data;
  return [
    ...(own ? [['version', `${own.name} ${own.version}`] as const] : []),
    ...(node ? [['Node', node.version] as const] : []),
    ...(platform
      ? [
          ['system', `${platform.os} ${platform.release}, ${platform.arch}`] as const,
          ['processor', `${platform.cpu}, ${platform.logicalCpus} logical`] as const,
        ]
      : []),
    ...(binary ? [['binary', `${binary.kind}, ${binary.compiler}, ${binary.build}`] as const] : []),
    ...(devices
      ? [
          ['CPU kernels', `${devices.cpu.simd ?? 'none'}, ${devices.cpu.threads} threads`] as const,
          ['BLAS', shown(devices.cpu.blas)] as const,
          ['CUDA', devices.cuda.available ? shown(devices.cuda.gpus) : 'not available'] as const,
        ]
      : []),
  ];
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
