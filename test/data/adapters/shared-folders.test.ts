/** Every adapter on the samples of real data and of published schemas, whole folders at a time. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ADAPTERS } from '../../../src/data/adapters/index.js';
import { slateReward } from '../../../src/reward/index.js';
import { runAdapter } from '../../helpers/run-adapter.js';
import { sharedPath } from '../../helpers/shared.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';

interface Sample {
  adapter: string;
  folder: string;
  /** Which files of the folder; default all but its README. */
  files?: RegExp;
  /** Read and kept. */
  queries: [number, number];
  responses: [number, number];
  /** The set has no human signal. */
  unjudged?: true;
}

const SAMPLES: readonly Sample[] = [
  { adapter: 'amazon-reviews-2023', folder: 'amazon_reviews_2023', queries: [4, 4], responses: [16, 16] },
  { adapter: 'amazon-reviews-2018', folder: 'amazon_fashion_2018', queries: [31, 23], responses: [3176, 3023] },
  { adapter: 'amazon-fine-food', folder: 'amazon_fine_food', queries: [137, 82], responses: [670, 613] },
  { adapter: 'reddit-pushshift', folder: 'crs_he2023', files: /pushshift/, queries: [1, 1], responses: [5, 3] },
  {
    adapter: 'reddit-crs',
    folder: 'crs_he2023',
    files: /test/,
    queries: [393, 393],
    responses: [792, 394],
    unjudged: true,
  },
  { adapter: 'reddit-threads', folder: 'reddit_threads_votes', queries: [8, 8], responses: [2635, 2587] },
  {
    adapter: 'reddit-movie-csv',
    folder: 'reddit_movie_comments',
    files: /csv/,
    queries: [1, 1],
    responses: [236, 233],
  },
  {
    adapter: 'reddit-movie-csv',
    folder: 'reddit_movie_comments',
    files: /json/,
    queries: [256, 105],
    responses: [421, 270],
    unjudged: true,
  },
  { adapter: 'eli5', folder: 'reddit_eli5_category', queries: [20, 16], responses: [60, 56] },
  { adapter: 'alpaca-gpt4', folder: 'alpaca_gpt4', queries: [985, 985], responses: [999, 985], unjudged: true },
  { adapter: 'alpaca-eval', folder: 'alpaca_eval', queries: [63, 63], responses: [1260, 1181] },
  { adapter: 'oasst', folder: 'oasst_trees', queries: [180, 151], responses: [489, 460] },
  { adapter: 'stackexchange', folder: 'stackexchange', files: /Posts/, queries: [492, 492], responses: [1535, 1535] },
  { adapter: 'prism', folder: 'prism', queries: [3, 3], responses: [30, 8] },
  { adapter: 'community-alignment', folder: 'community_alignment', queries: [2, 2], responses: [8, 8] },
  { adapter: 'shp', folder: 'shp', queries: [2, 2], responses: [5, 5] },
  { adapter: 'ultrafeedback', folder: 'ultrafeedback', queries: [3, 3], responses: [12, 12] },
  { adapter: 'hh-rlhf', folder: 'hh_rlhf', queries: [300, 300], responses: [600, 600] },
  { adapter: 'pandalm', folder: 'pandalm', queries: [125, 124], responses: [577, 512] },
  { adapter: 'grade-dialogue', folder: 'grade_dialogue', queries: [490, 490], responses: [1136, 1125] },
  { adapter: 'moralchoice', folder: 'moralchoice', queries: [250, 249], responses: [500, 498] },
  { adapter: 'opinionqa', folder: 'opinionqa', queries: [450, 448], responses: [1548, 1545] },
  { adapter: 'globalopinionqa', folder: 'globalopinionqa', queries: [450, 450], responses: [1634, 1634] },
  {
    adapter: 'valueprism',
    folder: 'valueprism',
    files: /overton/,
    queries: [300, 300],
    responses: [2121, 2121],
    unjudged: true,
  },
  { adapter: 'valueprism', folder: 'valueprism', files: /steerable/, queries: [300, 300], responses: [900, 900] },
  { adapter: 'youtube-comments', folder: 'youtube_movie_comments', queries: [60, 59], responses: [1354, 1343] },
  { adapter: 'vicuna-eval', folder: 'vicuna_blog_eval', queries: [80, 80], responses: [573, 559] },
];

const folder = useTemporaryFolder();

it('has a sample for every adapter but the generic one', () => {
  expect(new Set([...SAMPLES.map(({ adapter }) => adapter), 'generic'])).toEqual(
    new Set(ADAPTERS.map(({ name }) => name)),
  );
});

for (const { adapter, folder: name, files = /./, queries, responses, unjudged } of SAMPLES) {
  const root = sharedPath(`data/${name}`);
  it.skipIf(root === null)(`${adapter}: ${name} ${files}`, async () => {
    const paths = readdirSync(root!, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'README.md' && files.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    const { report, slates } = await runAdapter(adapter, paths, { output: folder.path('log.jsonl') });
    expect([report.queries.read, report.queries.kept]).toEqual(queries);
    expect([report.responses.read, report.responses.kept]).toEqual(responses);
    // What people said can be made rewards of.
    for (const slate of slates) {
      const { rewards, noPreference } = slateReward(slate);
      expect(rewards).toHaveLength(slate.responses.length);
      if (unjudged) expect(noPreference).toBe(true);
    }
  });
}
