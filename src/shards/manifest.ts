/** @file The manifest of sharded work: what the shards are parts of, and where each begins and ends. */
import { z } from 'zod';
import { describeValue, UsageError } from '../errors.js';
import { parseJson } from '../models/json.js';
import type { Shard } from './plan.js';

export const MANIFEST = 'manifest.json';

const whole = z.int().nonnegative();
const place = z.object({ line: z.int().positive(), byte: whole });
const shard = z.object({
  name: z.string().min(1),
  ...{ from: whole, to: whole, at: place.nullable(), queries: whole, lines: whole },
});

const manifest = z.object({
  format: z.literal('pope-shards-1'),
  /** What the files hold. */
  kind: z.enum(['scores', 'generations', 'metrics']),
  /** Hash of all that the lines follow from but the log: model, prompt, sampling, settings. */
  identity: z.string().min(1),
  /** What computes: kernels of other instruction sets round differently. */
  arithmetic: z.string().min(1),
  /** Hash of the log's bytes. */
  log: z.string().min(1),
  /** Settings that say which queries there are and how they are batched. */
  plan: z.record(z.string(), z.json()),
  shards: z.array(shard).min(1),
});

export type ShardKind = z.output<typeof manifest>['kind'];
export type Manifest = z.output<typeof manifest>;
export type ManifestShard = Manifest['shards'][number];
/** All of a manifest that is known before the log is cut. */
export type WorkDescription = Omit<Manifest, 'format' | 'shards'>;

export function newManifest(work: WorkDescription, shards: readonly Shard[]): Manifest {
  const named = shards.map((each, i) => ({ name: shardName(work.kind, i + 1, shards.length), ...each }));
  return { format: 'pope-shards-1', ...work, shards: named };
}

export function formatManifest(value: Manifest): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** @throws DataError INVALID_JSON */
export function parseManifest(text: string, place: string): Manifest {
  return parseJson(place, text, manifest);
}

/**
 * Refuses to add a shard to work that it is no part of.
 *
 * @throws UsageError SHARDS_DIFFER naming the first difference
 */
export function requireSameWork(
  place: string,
  there: Manifest,
  work: WorkDescription,
  count: number = there.shards.length,
): void {
  const pairs: [what: string, there: unknown, here: unknown][] = [
    ['the number of shards', there.shards.length, count],
    ['what is made', there.kind, work.kind],
    ['the policy with its settings (identity)', there.identity, work.identity],
    ['the log (its hash)', there.log, work.log],
    ['what computes', there.arithmetic, work.arithmetic],
    ...[...new Set([...Object.keys(there.plan), ...Object.keys(work.plan)])].map((name): [string, unknown, unknown] => [
      `"${name}"`,
      there.plan[name],
      work.plan[name],
    ]),
  ];
  const difference = pairs.find(([, a, b]) => JSON.stringify(a) !== JSON.stringify(b));
  if (difference === undefined) return;
  const [what, a, b] = difference;
  throw new UsageError(
    'SHARDS_DIFFER',
    `${place}: ${what} is ${describeValue(a)} there and ${describeValue(b)} here; give what the other shards had, or begin in another folder`,
  );
}

/** `scores-00003-of-00064.jsonl` */
function shardName(kind: ShardKind, index: number, count: number): string {
  const padded = (value: number) => String(value).padStart(5, '0');
  return `${kind}-${padded(index)}-of-${padded(count)}.jsonl`;
}
