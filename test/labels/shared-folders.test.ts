/** Agreement of `pope label --encoder lexical` with labels of real texts; docs/encoders.md has the table. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import type { Slate } from '../../src/data/slate.js';
import { LexicalEncoder } from '../../src/encoders/index.js';
import { type ClusterCount, labelByClusters } from '../../src/labels/index.js';
import { runAdapter } from '../helpers/run-adapter.js';
import { sharedPath } from '../helpers/shared.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();

async function readSample(adapter: string, files: RegExp): Promise<Slate[]> {
  const root = sharedPath(`data/${adapter}`)!;
  const paths = readdirSync(root).filter((name) => files.test(name));
  const { slates } = await runAdapter(
    adapter,
    paths.map((name) => join(root, name)),
    { output: folder.path('log.jsonl') },
  );
  return slates;
}

const label = (slates: readonly Slate[], clusters: ClusterCount = 'auto') =>
  labelByClusters(LoggedDataset.fromSlates(slates), new LexicalEncoder(), folder.path('labelled.jsonl'), { clusters });

/** Slates of several explanations of each of several values, every text once; values with most texts left come first. */
function gatherByValue(slates: readonly Slate[], values: number, explanations: number): Slate[] {
  const texts = new Map<string, string[]>();
  for (const { responses } of slates) {
    for (const { opinion, text } of responses) texts.set(opinion!, [...(texts.get(opinion!) ?? []), text]);
  }
  const names = [...texts.keys()].toSorted();
  const gathered: Slate[] = [];
  for (;;) {
    const able = names.filter((name) => texts.get(name)!.length >= explanations);
    if (able.length < values) return gathered;
    const chosen = able.toSorted((a, b) => texts.get(b)!.length - texts.get(a)!.length).slice(0, values);
    const responses = chosen.flatMap((opinion, value) =>
      texts
        .get(opinion)!
        .splice(0, explanations)
        .map((text, i) => ({ id: `${value}.${i}`, text, opinion })),
    );
    gathered.push({
      id: `q${gathered.length}`,
      prompt: 'Which value is this?',
      responses: responses as Slate['responses'],
    });
  }
}

const present = (adapter: string) => sharedPath(`data/${adapter}`) !== null;

test.skipIf(!present('valueprism'))('valueprism: explanations of a value are found better than by chance', async () => {
  const slates = gatherByValue(await readSample('valueprism', /overton/), 4, 4);
  expect(slates).toHaveLength(63);
  expect((await label(slates)).agreement!.adjustedRand.value).toBeCloseTo(0.35, 1);
  expect((await label(slates, 4)).agreement!.adjustedRand.value).toBeCloseTo(0.35, 1);
});

test.skipIf(!present('valueprism'))(
  'valueprism: the values of one situation are too like each other to be told apart',
  async () => {
    const { agreement, opinionsPerQuery } = await label(await readSample('valueprism', /overton/));
    expect(agreement).toMatchObject({ queries: 300, responses: 2121 });
    expect(agreement!.adjustedRand.value).toBeLessThan(0.1);
    expect(opinionsPerQuery).toBeCloseTo(4, 0);
  },
);

test.skipIf(!present('valueprism'))('valueprism: three different words are three opinions', async () => {
  const { agreement, opinionsPerQuery } = await label(await readSample('valueprism', /steerable/));
  expect(agreement!.adjustedRand).toMatchObject({ value: 1, queries: 300 });
  expect(opinionsPerQuery).toBe(3);
});

test.skipIf(!present('opinionqa'))('opinionqa: half of the answers to choose from share too many words', async () => {
  const { agreement, opinionsPerQuery } = await label(await readSample('opinionqa', /json/));
  expect(agreement).toMatchObject({ queries: 448, responses: 1545 });
  expect(agreement!.adjustedRand.value).toBeCloseTo(0.49, 2);
  expect(opinionsPerQuery).toBeCloseTo(2.69, 2);
});

test.skipIf(!present('pandalm'))('pandalm: outputs of models have no labels to agree with', async () => {
  const { agreement, opinionsPerQuery } = await label(await readSample('pandalm', /json/));
  expect(agreement).toBeNull();
  expect(opinionsPerQuery).toBeCloseTo(2.63, 2);
});
