import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/estimators/random.js';
import { allWords, LANGUAGE, readSentence, writeSentence } from '../../../../src/experiments/worlds/text/language.js';
import { TEXT_ROLES } from '../../../../src/experiments/worlds/text/roles.js';
import { textWorld } from '../../../../src/experiments/worlds/text/text-world.js';
import { everyText, smallWorld } from './small-world.js';

const world = smallWorld({ mistaken: true });
const texts = everyText();
const roles = [...TEXT_ROLES, 'logged'] as const;

describe('the language', () => {
  it('has no word twice', () => {
    expect(new Set(allWords(LANGUAGE)).size).toBe(allWords(LANGUAGE).length);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it.each([
    'I would back trains.',
    'Frankly I would rather poll dams for trust and voice today.',
    'I would block parks for growth.',
  ])('reads %s as it was written', (text) => {
    expect(writeSentence(readSentence(LANGUAGE, text)!)).toBe(text);
  });

  it.each([
    '',
    '.',
    'I would back trains',
    'I would back  trains.',
    ' I would back trains.',
    'I would back trains .',
    'I would back trains for.',
    'I would back trains for growth and.',
    'I would back trains for growth and growth.',
    'I would back trains for growth and health and comfort.',
    'I would back trains growth.',
    'I would trains back.',
    'I back trains.',
    'I would back trains today overall.',
    'I would back trains. I would back trains.',
    'I would back trains.\n',
  ])('does not read %j', (text) => {
    expect(readSentence(LANGUAGE, text)).toBeNull();
  });
});

describe.each(roles)('the grammar of %s', (role) => {
  const grammar = world.grammars[role];
  /** Density of every text, by query. */
  const densities = new Map(
    world.queries().map((query) => [query.id, texts.map((text) => Math.exp(grammar.logProb(query, text)))]),
  );

  it('has a density that sums to 1 on every query', () => {
    for (const density of densities.values()) {
      expect(density.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    }
  });

  it('draws by its density', () => {
    const [query] = world.queries();
    const n = 20_000;
    const random = new Random(11);
    const counts = new Map<string, number>();
    for (let i = 0; i < n; i++) {
      const text = grammar.sample(random, query!);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    const known = new Set(texts);
    expect([...counts.keys()].every((text) => known.has(text))).toBe(true);
    // Pearson's statistic over the texts that are expected often enough, the rest as one cell.
    let statistic = 0;
    let cells = 0;
    const rest = { expected: n, observed: n };
    for (const [i, text] of texts.entries()) {
      const expected = n * densities.get(query!.id)![i]!;
      if (expected < 10) continue;
      const observed = counts.get(text) ?? 0;
      statistic += (observed - expected) ** 2 / expected;
      cells++;
      rest.expected -= expected;
      rest.observed -= observed;
    }
    expect(cells).toBeGreaterThan(5);
    if (rest.expected > 10) statistic += (rest.observed - rest.expected) ** 2 / rest.expected;
    // The mean is the degrees of freedom, the variance twice that: six standard deviations.
    expect(statistic).toBeLessThan(cells + 6 * Math.sqrt(2 * cells));
  });

  it('knows the mass of every valid answer and of every stance', () => {
    for (const query of world.queries()) {
      const density = densities.get(query.id)!;
      const parsed = texts.map((text) => world.parse(query.id, text));
      const stances = texts.map((text) => world.stanceOf(text));
      const massOf = (isOne: (i: number) => boolean) => density.reduce((sum, p, i) => sum + (isOne(i) ? p : 0), 0);
      for (const { group, reasons, probability } of grammar.validMass(query)) {
        const quality = world.parameters.quality[reasons]!;
        const mass = massOf((i) => parsed[i]!.group === group && parsed[i]!.quality === quality);
        expect(probability).toBeCloseTo(mass, 12);
      }
      for (const { stance } of world.language.opinions) {
        const mass = massOf((i) => stances[i] === stance);
        expect(grammar.stanceMass(query, stance)).toBeCloseTo(mass, 12);
      }
    }
  });
});

describe('the density of pi0', () => {
  it('is the product that the parameters say', () => {
    const full = textWorld('pluralistic');
    const query = full.queries()[0]!;
    const { logging } = full.parameters;
    const [first] = query.groups;
    const reasons = full.language.opinions.find(({ stance }) => stance === first!.opinion)!.reasons;
    const text = `Frankly I would ${first!.opinion} ${query.topic} for ${reasons[1]} and ${reasons[0]}.`;
    const expected =
      (1 - logging.garble) *
      (1 - logging.wrongTopic) *
      (1 - logging.foreignStance) *
      query.loggingShares[0]! *
      ((logging.reason * (1 - logging.foreignReason)) / 3) *
      ((logging.second * (1 - logging.foreignReason)) / 2) *
      (logging.opener / 3) *
      (1 - logging.adverb) *
      (1 - logging.closer);
    expect(full.loggingLogProb(query.id, text)).toBeCloseTo(Math.log(expected), 12);
  });

  it('is 0 for what is never written', () => {
    const full = textWorld('pluralistic');
    const [query] = full.queries();
    for (const text of ['Hello.', 'trains', 'I would would back trains.', `${'trains '.repeat(9)}trains.`, '']) {
      expect(full.loggingLogProb(query!.id, text)).toBe(Number.NEGATIVE_INFINITY);
    }
  });
});
