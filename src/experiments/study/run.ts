/** @file Runs an experiment: reads its configuration, does what is not done yet, and writes the table. */
import { join } from 'node:path';
import type { z } from 'zod';
import { writeFileAtomic } from '../../files/atomic.js';
import { locked, OutputLock } from '../../files/lock.js';
import { parseStudyConfig, readStudyConfig, type StudyConfig } from './config.js';
import { quickly } from './quick.js';
import { Study, type StudyOptions } from './study.js';
import { type StudyTable, studyTable } from './table.js';

/** One of the experiments of `pope experiment`. */
export interface Experiment {
  name: string;
  summary: string;
  /** Of its configuration; `studySchema` with keys of its own. */
  // biome-ignore lint/suspicious/noExplicitAny: what goes in differs from what comes out by the defaults
  schema: z.ZodType<StudyConfig, any>;
  /** The configuration where none is given: a built-in world. */
  defaults: object;
  /** What --quick does to the experiment's own keys. */
  quicken?: (config: StudyConfig) => StudyConfig;
  run(study: Study): Promise<StudyTable>;
}

/** An experiment from its schema, with the study typed by it. */
export function defineExperiment<S extends z.ZodType<StudyConfig>>(experiment: {
  name: string;
  summary: string;
  schema: S;
  defaults: z.input<S> & object;
  quicken?: (config: z.output<S>) => z.output<S>;
  run(study: Study<z.output<S>>): Promise<StudyTable>;
}): Experiment {
  return experiment as unknown as Experiment;
}

export interface RunExperimentOptions extends StudyOptions {
  /** JSON file; default: the experiment's own configuration. */
  config?: string | undefined;
  /** Tiny budgets: to see that it runs. */
  quick?: boolean | undefined;
}

/**
 * Runs an experiment into `output`: config.json with everything filled in, the stages, and table.json. Killed at any moment, the same call
 * goes on and ends with the same table.
 *
 * @throws UsageError STUDY_CONFIG, OUTPUT_LOCKED; what the stages throw
 */
export async function runExperiment(
  { schema, defaults, quicken = (config) => config, run }: Experiment,
  { config: file, quick = false, ...options }: RunExperimentOptions,
): Promise<StudyTable> {
  const given = file === undefined ? defaults : await readStudyConfig(file);
  const parsed = parseStudyConfig(schema, given, file ?? 'the built-in configuration');
  const config = quick ? quicken(quickly(parsed)) : parsed;
  return locked(OutputLock.ofFolder(options.output), async () => {
    await writeFileAtomic(join(options.output, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
    const table = studyTable.parse(await run(new Study(config, options)));
    await writeFileAtomic(join(options.output, 'table.json'), `${JSON.stringify(table, null, 2)}\n`);
    return table;
  });
}
