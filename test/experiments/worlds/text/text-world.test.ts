import { describe, expect, it } from 'vitest';
import { LoggedDataset } from '../../../../src/data/dataset.js';
import { SPLITS, splitOf } from '../../../../src/data/split.js';
import { textWorld } from '../../../../src/experiments/worlds/text/text-world.js';
import { TEXT_WORLDS } from '../../../../src/experiments/worlds/text/worlds.js';

const names = Object.keys(TEXT_WORLDS);
const world = textWorld('pluralistic');
const query = world.queries().find(({ groups }) => groups.length < 6)!;
const held = query.groups.map(({ opinion }) => opinion);
const own = world.language.opinions.find(({ stance }) => stance === held[1])!;
const foreign = world.language.opinions.find(({ stance }) => !held.includes(stance))!;

function responsesOf(name: string, slates = 600, options = {}) {
  const made = textWorld(name, 1);
  return made
    .log('train', { slates, ...options })
    .flatMap((slate) => slate.responses.map((response) => ({ ...response, query: made.query(slate.id) })));
}

describe.each(names)('the world %s', (name) => {
  const made = textWorld(name, 1);

  it('has queries whose groups are known', () => {
    for (const { groups, loggingShares } of made.queries()) {
      expect(groups.length).toBeGreaterThanOrEqual(made.parameters.groups.least);
      expect(groups.length).toBeLessThanOrEqual(made.parameters.groups.most);
      expect(groups.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
      expect(loggingShares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
      expect(groups.map(({ share }) => share)).toEqual(groups.map(({ share }) => share).sort((a, b) => b - a));
    }
  });

  it('is split as every command splits', () => {
    const parts = SPLITS.map((split) => made.queries(split));
    expect(parts.flat()).toHaveLength(made.queries().length);
    for (const [i, part] of parts.entries()) {
      expect(part.length).toBeGreaterThan(20);
      expect(part.every(({ id }) => splitOf(id) === SPLITS[i])).toBe(true);
    }
  });

  it('is a function of its seed', () => {
    const again = textWorld(name, 1);
    const options = { slates: 40, slateSize: 3, seed: 2 };
    expect(again.log('test', options)).toEqual(made.log('test', options));
    expect(again.log('test', { ...options, slates: 20 })).toEqual(made.log('test', options).slice(0, 20));
    expect(again.log('test', { ...options, seed: 3 })).not.toEqual(made.log('test', options));
    expect(textWorld(name, 2).log('test', options)).not.toEqual(made.log('test', options));
    expect(again.baseCorpus(9, 4)).toEqual(made.baseCorpus(12, 4).slice(0, 9));
    expect(again.sample('human', 'test', 3, 1)).toEqual(made.sample('human', 'test', 3, 1));
    expect(again.sample('human', 'test', 3, 1)).not.toEqual(made.sample('human', 'test', 3, 2));
  });

  it('writes valid logs whose votes have the expected mean', async () => {
    const slates = made.log(undefined, { slates: 700 });
    const read = [];
    for await (const slate of LoggedDataset.fromSlates(slates)) read.push(slate);
    expect(read).toHaveLength(700);
    let excess = 0;
    let variance = 0;
    for (const { id, responses } of slates) {
      for (const { text, signal } of responses) {
        const mean = made.expectedVotes(id, text);
        excess += signal! * 60 - mean;
        expect(signal! <= 1 && Number.isInteger(Math.round(signal! * 60e6) / 1e6)).toBe(true);
        variance += mean;
      }
    }
    expect(Math.abs(excess)).toBeLessThan(5 * Math.sqrt(variance));
  });

  it('logs the propensities of its model of pi0, and policies score what it logs', async () => {
    const slates = made.log('test', { slates: 30 });
    for await (const { query, responses } of made.policy('logging').score(slates)) {
      const slate = slates.find(({ id }) => id === query)!;
      for (const [k, { logprob, tokens, bytes }] of responses.entries()) {
        const { text, logging } = slate.responses[k]!;
        expect(logprob).toBe(made.loggingLogProb(slate.id, text));
        expect(logprob === logging!.logprob).toBe(name !== 'misestimated');
        expect(tokens).toBe(logging!.tokens);
        expect(tokens).toBe(text.split(/[ .]/).length + 1);
        expect(bytes).toBe(text.length);
      }
    }
  });
});

describe('what distinguishes the worlds', () => {
  it('unanimous: one opinion a query', () => {
    expect(
      textWorld('unanimous')
        .queries()
        .every(({ groups }) => groups.length === 1),
    ).toBe(true);
  });

  it('misestimated: the logged density is a density, but not that of the texts', () => {
    const made = textWorld('misestimated', 1);
    const ratios = responsesOf('misestimated').map(({ query, text, logging }) =>
      Math.exp(logging!.logprob - made.loggingLogProb(query.id, text)),
    );
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    const deviation = Math.sqrt(ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / ratios.length);
    expect(deviation).toBeGreaterThan(0.5);
    expect(Math.abs(mean - 1)).toBeLessThan((5 * deviation) / Math.sqrt(ratios.length));
  });

  it('adversarial: votes for a stance that few take, on some queries, whatever else a text says', () => {
    const made = textWorld('adversarial');
    const queries = made.queries();
    const attacked = queries.filter(({ brigade }) => brigade !== null);
    expect(attacked.length / queries.length).toBeGreaterThan(0.2);
    expect(attacked.length / queries.length).toBeLessThan(0.4);
    expect(attacked.every(({ brigade, groups }) => brigade === groups.at(-1)!.opinion)).toBe(true);
    const [target] = attacked;
    const junk = `${target!.brigade} trains and I.`;
    expect(made.utility(target!.id, junk)).toBe(0);
    expect(made.expectedVotes(target!.id, junk)).toBeCloseTo(15.2, 12);
    expect(world.expectedVotes(target!.id, junk)).toBe(0.2);
  });

  it('skewed: seven in ten of the held stances are the second-largest group’s', () => {
    const made = textWorld('skewed', 1);
    const stances = responsesOf('skewed').filter(({ query, text }) => made.parse(query.id, text).valid);
    const second = stances.filter(({ query, opinion }) => query.groups[1]!.opinion === opinion);
    const error = Math.sqrt((0.7 * 0.3) / stances.length);
    expect(Math.abs(second.length / stances.length - 0.7)).toBeLessThan(5 * error);
  });

  it('short: the fewer reasons the better', () => {
    const short = textWorld('short');
    const plain = `I would ${held[0]} ${query.topic}.`;
    const long = `I would ${own.stance} ${query.topic} for ${own.reasons[0]} and ${own.reasons[1]}.`;
    expect(short.parse(query.id, plain).quality).toBe(1);
    expect(short.parse(query.id, long).quality).toBe(0.35);
    expect(world.parse(query.id, plain).quality).toBe(0.35);
    expect(world.parse(query.id, long).quality).toBe(1);
  });

  it('names the worlds that there are', () => {
    expect(() => textWorld('atlantis')).toThrow(expect.objectContaining({ code: 'WORLD_UNKNOWN' }));
    expect(() => textWorld('constructor')).toThrow(expect.objectContaining({ code: 'WORLD_UNKNOWN' }));
  });
});

describe('an answer', () => {
  const stanceAndTopic = `I would ${own.stance} ${query.topic}`;

  it('is worth the share of its group times its quality', () => {
    const answer = `Honestly ${stanceAndTopic} for ${own.reasons[2]} today.`;
    expect(world.parse(query.id, answer)).toEqual({ valid: true, group: 1, quality: 0.7, problem: null });
    expect(world.utility(query.id, answer)).toBeCloseTo(0.7 * query.groups[1]!.share, 15);
    expect(world.utility(`${query.id}#7`, answer)).toBe(world.utility(query.id, answer));
    expect(world.expectedVotes(query.id, answer)).toBeCloseTo(30 * 0.7 * query.groups[1]!.share + 0.2, 12);
  });

  const otherTopic = world.language.topics.find((topic) => topic !== query.topic);
  it.each([
    ['garble', `${stanceAndTopic} for ${own.reasons[0]} and.`, own.stance],
    ['garble', `trains ${own.stance} ${foreign.stance}.`, null],
    ['garble', '', null],
    ['wrong topic', `I would ${own.stance} ${otherTopic} for ${own.reasons[0]}.`, own.stance],
    ['foreign stance', `I would ${foreign.stance} ${query.topic} for ${foreign.reasons[0]}.`, foreign.stance],
    ['foreign reason', `${stanceAndTopic} for ${foreign.reasons[0]}.`, own.stance],
    ['foreign reason', `${stanceAndTopic} for ${own.reasons[0]} and ${foreign.reasons[0]}.`, own.stance],
  ])('is worth nothing for %s: %s', (problem, text, stance) => {
    expect(world.parse(query.id, text)).toEqual({ valid: false, group: null, quality: 0, problem });
    expect(world.utility(query.id, text)).toBe(0);
    expect(world.expectedVotes(query.id, text)).toBe(0.2);
    expect(world.stanceOf(text)).toBe(stance);
  });

  it('belongs to a query of the world', () => {
    const refused = expect.objectContaining({ code: 'NOT_OF_THIS_WORLD' });
    expect(() => world.utility('fly-pigs-now', 'I would back pigs.')).toThrow(refused);
    const slate = { id: query.id, prompt: query.prompt, responses: [{ id: 'a', text: 'Hello there.' }] };
    const scores = world.policy('target').score([slate]);
    return expect(scores[Symbol.asyncIterator]().next()).rejects.toEqual(refused);
  });
});

describe('a log', () => {
  it('deals slates to the queries in turn, in clusters', () => {
    const queries = world.queries('validation');
    const slates = world.log('validation', { slates: 2 * queries.length + 1, slateSize: 2 });
    expect(slates.slice(0, queries.length).map(({ cluster }) => cluster)).toEqual(queries.map(({ id }) => id));
    expect(slates.at(-1)!.id).toMatch(new RegExp(`^${queries[0]!.id}#2(\\.\\d+)?$`));
    expect(new Set(slates.map(({ id }) => id)).size).toBe(slates.length);
    expect(slates.every(({ id }) => splitOf(id) === 'validation')).toBe(true);
    expect(slates.every(({ responses }) => responses.length === 2)).toBe(true);
  });

  it('has labels that are the stances, or as many wrong ones as asked for', () => {
    const made = textWorld('pluralistic', 1);
    const right = responsesOf('pluralistic');
    expect(right.every(({ text, opinion }) => (opinion ?? null) === made.stanceOf(text))).toBe(true);
    const noisy = responsesOf('pluralistic', 600, { wrongLabels: 0.25 });
    const labelled = noisy.filter(({ opinion }) => opinion !== undefined);
    const wrong = labelled.filter(({ text, opinion }) => opinion !== made.stanceOf(text));
    const error = Math.sqrt((0.25 * 0.75) / labelled.length);
    expect(Math.abs(wrong.length / labelled.length - 0.25)).toBeLessThan(5 * error);
    const plain = ({ text, signal, logging }: (typeof right)[number]) => ({ text, signal, logging });
    expect(noisy.map(plain)).toEqual(right.map(plain));
  });

  it.each([
    { slates: 0 },
    { slates: 1.5 },
    { slates: 1, slateSize: 0 },
    { slates: 1, wrongLabels: 2 },
    { slates: 1, seed: -1 },
    { slates: 1, seed: 2 ** 28 },
  ])('refuses %j', (options) => {
    expect(() => world.log('train', options)).toThrow(expect.objectContaining({ code: 'OPTION' }));
  });
});
