import { queryText } from '../../data/query-text.js';
import type { Slate } from '../../data/slate.js';
import { Random } from '../../estimators/random.js';
import { readable } from '../../numbers.js';
import { type Run, runsOf } from '../inputs/run.js';
import { paragraph, type Sample, type Section } from '../model.js';
import type { SectionContext } from './shared.js';

export interface SampleOptions {
  /** Queries to show, drawn at random, and texts of every policy for each. */
  queries: number;
  texts: number;
  seed: number;
  /** The log, for prompts and for what people wrote. */
  log: AsyncIterable<Slate> | null;
}

/** What the policies answered to the same queries, beside what people wrote: drawn at random, not chosen. */
export async function samples(
  runs: readonly Run[],
  { queries, texts, seed, log }: SampleOptions,
  { colours }: SectionContext,
): Promise<Section | null> {
  const policies = runsOf(runs, 'generations');
  if (policies.length === 0 || queries === 0) return null;
  const common = [...policies[0]!.data.texts.keys()].filter((query) =>
    policies.every(({ data }) => data.texts.has(query)),
  );
  const chosen = drawn(common, queries, seed);
  const slates = new Map<string, Slate>();
  const wanted = new Set(chosen);
  if (log !== null) for await (const slate of log) if (wanted.has(slate.id)) slates.set(slate.id, slate);
  const blocks = chosen.map((query): Sample => {
    const slate = slates.get(query);
    return {
      kind: 'sample',
      query,
      prompt: slate === undefined ? null : queryText(slate),
      columns: [
        ...(slate === undefined ? [] : [{ title: 'In the log', colour: null, texts: logged(slate, texts) }]),
        ...policies.map(({ name, data }) => ({
          title: name,
          colour: colours.of(name),
          texts: data.texts
            .get(query)!
            .slice(0, texts)
            .map((text) => ({ text, note: '' })),
        })),
      ],
    };
  });
  const intro = paragraph(
    blocks.length === 0
      ? 'The generation files have no query in common.'
      : `${blocks.length} of ${readable(common.length)} queries that all have answers to, drawn at random (seed ${seed}), the first ${texts} answers of each policy.`,
  );
  return { id: 'samples', title: 'Answers side by side', blocks: [intro, ...blocks] };
}

function drawn(items: readonly string[], count: number, seed: number): string[] {
  const random = new Random(seed, 0);
  const keyed = items.map((item) => ({ item, key: random.uniform() }));
  const taken = new Set(
    keyed
      .toSorted((a, b) => a.key - b.key)
      .slice(0, count)
      .map(({ item }) => item),
  );
  return items.filter((item) => taken.has(item));
}

/** The responses of a slate, those that people liked best first. */
function logged(slate: Slate, count: number): { text: string; note: string }[] {
  return slate.responses
    .toSorted((a, b) => (b.signal ?? -Infinity) - (a.signal ?? -Infinity) || (a.rank ?? 0) - (b.rank ?? 0))
    .slice(0, count)
    .map(({ text, signal, rank }) => ({
      text,
      note: signal !== undefined ? `signal ${readable(signal)}` : rank !== undefined ? `rank ${rank}` : '',
    }));
}
