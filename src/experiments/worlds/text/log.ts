/** @file What a text world logs: answers of its logging policy, and the people's votes. */
import type { LoggedResponse, Slate } from '../../../data/slate.js';
import { type Split, splitOf } from '../../../data/split.js';
import { describeValue, UsageError } from '../../../errors.js';
import { Random } from '../../../estimators/random.js';
import type { TextQuery } from './queries.js';
import { sampleStream } from './streams.js';
import type { TextWorld } from './text-world.js';
import { READERS } from './worlds.js';

export interface LogOptions {
  /** Slates in all, dealt to the queries in turn. */
  slates: number;
  /** Default 6. */
  slateSize?: number;
  /** Default 0; another seed is another log of the same world. */
  seed?: number;
  /** Share of the opinion labels that are replaced by another stance; default 0. Texts and votes stay the same. */
  wrongLabels?: number;
}

/**
 * Slates that the logging policy wrote and people voted on. The signal of a response is its votes per reader, Poisson with
 * mean `expectedVotes`; its opinion is the stance that it names, right or wrong. Slates of one query form a cluster and lie in its
 * split (by the default ratio and seed); its first n are the same however many there are.
 *
 * @throws UsageError OPTION
 */
export function logSlates(world: TextWorld, split: Split | undefined, options: LogOptions): Slate[] {
  const { slates, slateSize = 6, seed = 0, wrongLabels = 0 } = options;
  checkCount('slates', slates);
  checkCount('slateSize', slateSize);
  if (!(wrongLabels >= 0 && wrongLabels <= 1)) {
    throw new UsageError('OPTION', `wrongLabels: expected a share from 0 to 1, got ${describeValue(wrongLabels)}`);
  }
  const queries = world.queries(split);
  return Array.from({ length: slates }, (_, i) => {
    const query = queries[i % queries.length]!;
    const round = Math.floor(i / queries.length);
    const number = query.index + round * world.queries().length;
    const random = new Random(world.seed, sampleStream('log', seed), number);
    const labels = new Random(world.seed, sampleStream('labels', seed), number);
    const responses = Array.from({ length: slateSize }, (_, k) => ({
      ...logResponse(world, query, `r${k}`, random, (stance) => mislabel(world, stance, labels, wrongLabels)),
    }));
    return { id: slateId(query, round), prompt: query.prompt, cluster: query.id, responses };
  });
}

/** Splits go by a hash of the slate's id, so one is looked for that falls where the query's own does. */
function slateId(query: TextQuery, round: number): string {
  const split = splitOf(query.id);
  let id = `${query.id}#${round}`;
  for (let attempt = 1; splitOf(id) !== split; attempt++) id = `${query.id}#${round}.${attempt}`;
  return id;
}

/** @throws UsageError OPTION */
export function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new UsageError('OPTION', `${name}: expected a whole number of at least 1, got ${describeValue(value)}`);
}

function logResponse(
  world: TextWorld,
  query: TextQuery,
  id: string,
  random: Random,
  label: (stance: string) => string,
): LoggedResponse {
  const text = world.grammars.logging.sample(random, query);
  const stance = world.stanceOf(text);
  const logprob = world.grammars.logged.logProb(query, text);
  return {
    id,
    text,
    signal: Math.min(1, random.poisson(world.expectedVotes(query.id, text)) / READERS),
    ...(stance === null ? {} : { opinion: label(stance) }),
    logging: { logprob, tokens: world.tokens(text), policy: `text-${world.name}-logging` },
  };
}

function mislabel(world: TextWorld, stance: string, random: Random, share: number): string {
  const others = world.language.opinions.map((opinion) => opinion.stance).filter((other) => other !== stance);
  const wrong = random.uniform() < share;
  return wrong ? others[random.integer(others.length)]! : stance;
}
