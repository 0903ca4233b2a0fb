import type { Slate } from '../data/slate.js';
import { UsageError } from '../errors.js';
import type { Run } from './inputs/run.js';
import type { Report, Section } from './model.js';
import { PolicyColours } from './palette.js';
import { answers } from './sections/answers.js';
import { comparisons } from './sections/comparisons.js';
import { environment } from './sections/environment.js';
import { experiments } from './sections/experiment.js';
import { groups } from './sections/groups.js';
import { coverage, quality, wins } from './sections/metrics.js';
import { paperTables } from './sections/paper.js';
import { propensities, studies } from './sections/robustness.js';
import { samples } from './sections/samples.js';
import { tradeoffs } from './sections/tradeoffs.js';
import { training } from './sections/training.js';
import { values } from './sections/values.js';
import { weights } from './sections/weights.js';

export interface ReportOptions {
  /** Default: "Pluralistic off-policy evaluation". */
  title?: string | undefined;
  /** Queries whose answers stand side by side; default 5. */
  samples?: number | undefined;
  /** Answers of each policy to each of them; default 4. */
  texts?: number | undefined;
  seed?: number | undefined;
  /** For the prompts of samples, and the responses that people wrote. */
  log?: AsyncIterable<Slate> | undefined;
}

/**
 * What some runs say, section by section; sections without data are left out. The same runs give the same report.
 *
 * @throws UsageError REPORT_RUNS where two runs of one kind have one name
 */
export async function buildReport(runs: readonly Run[], options: ReportOptions = {}): Promise<Report> {
  refuseSameNames(runs);
  const context = { colours: new PolicyColours() };
  const {
    title = 'Pluralistic off-policy evaluation',
    samples: queries = 5,
    texts = 4,
    seed = 0,
    log = null,
  } = options;
  const sections: (Section | null)[] = [
    answers(runs, context),
    values(runs, context),
    comparisons(runs, context),
    groups(runs, context),
    weights(runs, context),
    propensities(runs),
    tradeoffs(runs, context),
    coverage(runs, context),
    wins(runs),
    quality(runs, context),
    paperTables(runs, context),
    experiments(runs),
    training(runs, context),
    studies(runs),
    await samples(runs, { queries, texts, seed, log }, context),
    environment(runs),
  ];
  return { title, sections: sections.filter((section) => section !== null) };
}

function refuseSameNames(runs: readonly Run[]): void {
  const seen = new Map<string, string>();
  for (const { kind, name, path } of runs) {
    const key = JSON.stringify([kind, name]);
    const before = seen.get(key);
    if (before !== undefined) {
      throw new UsageError(
        'REPORT_RUNS',
        `${before} and ${path} are both ${kind} of "${name}"; give them names: NAME=${path}`,
      );
    }
    seen.set(key, path);
  }
}
