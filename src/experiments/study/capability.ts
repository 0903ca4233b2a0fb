import { join } from 'node:path';
import { writeFileAtomic } from '../../files/atomic.js';
import { readOwnJson } from '../../files/text.js';
import {
  type CapabilityItems,
  type CapabilityScores,
  capability,
  capabilityScores,
  readCapabilityItems,
} from '../../metrics/capability/index.js';
import type { CapabilityMeasure, Estimate } from '../../metrics/capability/result.js';
import { loadModel } from '../../models/load.js';
import { worldCapabilityItems } from '../worlds/text/capability-items.js';
import { textWorld } from '../worlds/text/text-world.js';
import type { Column } from './columns.js';
import type { GridRow } from './grid.js';
import type { Study } from './study.js';
import type { Cell } from './table.js';
import type { StudyModel } from './train.js';

const MEASURES = { accuracy: 'accuracy', heldOutPerplexity: 'perplexity' } as const;

/** Of what a model can do in general. */
export const CAPABILITY_COLUMNS: readonly Column[] = [
  { key: 'accuracy', label: 'Accuracy', scale: 100, decimals: 1, better: 'higher' },
  { key: 'heldOutPerplexity', label: 'Held-out perplexity', scale: 1, decimals: 2, better: 'lower' },
];

/**
 * Capability of a method (`pope capability`), with intervals over items; figures and bounds are means of those of the seeds.
 *
 * @param items file of questions and texts, or `world`: those of the text world that the data set is
 */
export async function capabilityCells(
  study: Study,
  { own, base, test }: GridRow,
  items: string,
): Promise<Record<string, Cell>> {
  const { alpha, resamples } = study.config;
  const given = items === 'world' ? worldItems(test.config) : await readCapabilityItems([items]);
  const measured: CapabilityMeasure[][] = [];
  for (const [i, { model }] of own.entries()) {
    const after = await scoresOf(study, model, given);
    const before = base && (await scoresOf(study, base[i]!.model, given));
    measured.push(capability(after, before, { alpha, resamples }).measures);
  }
  const cells: Record<string, Cell> = {};
  for (const [key, measure] of Object.entries(MEASURES)) {
    const seeds = measured.flatMap((measures) => measures.filter((each) => each.measure === measure));
    if (seeds.length === 0) continue;
    cells[key] = {
      ...meanEstimate(seeds.map(({ after }) => after)),
      difference: base && meanEstimate(seeds.map(({ change }) => change!)),
      seeds: seeds.map(({ after }) => after.value),
      verdict: null,
    };
  }
  return cells;
}

function worldItems({ world, seed }: GridRow['test']['config']): CapabilityItems {
  return world === undefined ? { questions: [], texts: [] } : worldCapabilityItems(textWorld(world, seed));
}

async function scoresOf(study: Study, model: StudyModel, items: CapabilityItems): Promise<CapabilityScores> {
  const { onOverflow: _, end: __, ...encoding } = model.backbone.encoding;
  const key = { model: model.hash, items, encoding };
  const { folder } = await study.stages.run('capability', model.name, key, async (folder) => {
    using loaded = await loadModel(model.model, { device: study.config.device, frozen: true });
    const scores = await capabilityScores(loaded, items, { ...encoding, signal: study.signal });
    await writeFileAtomic(join(folder, 'scores.json'), `${JSON.stringify(scores)}\n`);
    return { questions: items.questions.length, texts: items.texts.length };
  });
  return readOwnJson(join(folder, 'scores.json'));
}

/** Null where one of them is. */
function meanEstimate(seeds: readonly Estimate[]): Estimate {
  const mean = (of: (seed: Estimate) => number | null) => {
    const values = seeds.map(of);
    return values.includes(null) ? null : values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
  };
  return { value: mean(({ value }) => value), low: mean(({ low }) => low), high: mean(({ high }) => high) };
}
