import { join } from 'node:path';
import { AtomicWriter } from '../../data/atomic-writer.js';
import { LoggedDataset } from '../../data/dataset.js';
import type { Slate } from '../../data/slate.js';
import type { SplitRatio } from '../../data/split.js';
import type { Warning } from '../../estimators/result.js';
import { textWorld } from '../worlds/text/text-world.js';
import type { DataConfig } from './config.js';
import type { Study } from './study.js';

/** A data set on disk. */
export interface StudyData {
  name: string;
  hash: string;
  /** Files of the whole log, to train on. */
  log: string[];
  /** The test slates, on which values are estimated. */
  test: string;
  /** The test queries with their references, one slate each: to be answered, and measured against. */
  references: string;
  split: { splitRatio?: SplitRatio | undefined; splitSeed?: number | undefined };
  config: DataConfig;
  warnings: Warning[];
}

/** Cuts the test split out of a log, or writes the log of a text world. */
export async function prepareData(study: Study, name: string): Promise<StudyData> {
  const config = study.data(name);
  return config.world === undefined ? fromLog(study, config) : fromWorld(study, config);
}

/** Opens the test slates, or the test queries with their references. */
export function openTest(data: StudyData, which: 'test' | 'references'): Promise<LoggedDataset> {
  return LoggedDataset.open(data[which]);
}

async function fromLog(study: Study, config: DataConfig): Promise<StudyData> {
  const { name, log: given, splitRatio, splitSeed } = config;
  const { testQueries } = study.config;
  const log = typeof given === 'string' ? [given] : given!;
  const split = { splitRatio, splitSeed };
  const whole = await LoggedDataset.open(log, { ...split, split: 'test', signal: study.signal });
  const key = { log: await whole.sha256(), ...split, testQueries };
  const { folder, hash } = await study.stages.run('data', name, key, async (folder) => {
    return writeSlates(join(folder, 'test.jsonl'), firstOf(whole, testQueries));
  });
  const test = join(folder, 'test.jsonl');
  return { name, hash, log, test, references: test, split, config, warnings: [] };
}

async function fromWorld(study: Study, config: DataConfig): Promise<StudyData> {
  const { name, seed, slatesPerQuery, slateSize } = config;
  const { testQueries } = study.config;
  const key = { world: config.world, seed, slatesPerQuery, slateSize, testQueries };
  const { folder, hash } = await study.stages.run('data', name, key, async (folder) => {
    const world = textWorld(config.world!, seed);
    const slates = world.log(undefined, { slates: slatesPerQuery * world.queries().length, slateSize });
    const asked = new Set(
      world
        .queries('test')
        .slice(0, testQueries)
        .map(({ id }) => id),
    );
    const test = slates.filter(({ cluster }) => asked.has(cluster!));
    const first = test.filter(({ cluster }, i) => test.findIndex((slate) => slate.cluster === cluster) === i);
    await writeSlates(join(folder, 'log.jsonl'), slates);
    await writeSlates(join(folder, 'references.jsonl'), first);
    return writeSlates(join(folder, 'test.jsonl'), test);
  });
  const [log, test, references] = ['log', 'test', 'references'].map((file) => join(folder, `${file}.jsonl`));
  return { name, hash, log: [log!], test: test!, references: references!, split: {}, config, warnings: [] };
}

async function* firstOf(slates: AsyncIterable<Slate>, most = Number.POSITIVE_INFINITY): AsyncGenerator<Slate> {
  let taken = 0;
  for await (const slate of slates) {
    if (taken++ === most) return;
    yield slate;
  }
}

/** Writes a log; returns its size. */
export async function writeSlates(
  path: string,
  slates: AsyncIterable<Slate> | Iterable<Slate>,
): Promise<{ queries: number; responses: number }> {
  const writer = await AtomicWriter.create(path);
  const counts = { queries: 0, responses: 0 };
  try {
    for await (const slate of slates) {
      await writer.line(slate);
      counts.queries++;
      counts.responses += slate.responses.length;
    }
    await writer.commit();
    return counts;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
