import { expect, it } from 'vitest';
import { worldCapabilityItems } from '../../../../src/experiments/worlds/text/capability-items.js';
import { textWorld } from '../../../../src/experiments/worlds/text/text-world.js';
import { TEXT_WORLDS } from '../../../../src/experiments/worlds/text/worlds.js';

it.each(Object.keys(TEXT_WORLDS))('one choice is worth something in the world %s, and the others differ', (name) => {
  const world = textWorld(name);
  const { questions, texts } = worldCapabilityItems(world);
  const queries = world.queries('test');
  expect(questions).toHaveLength(queries.length);
  for (const [i, { choices, answer }] of questions.entries()) {
    const utilities = choices.map((choice) => world.utility(queries[i]!.id, choice));
    expect(utilities.findIndex((utility) => utility > 0)).toBe(answer);
    expect(utilities.filter((utility) => utility > 0)).toHaveLength(1);
    expect(new Set(choices).size).toBe(choices.length);
    expect(choices.length).toBeGreaterThan(2);
  }
  expect(new Set(questions.map(({ answer }) => answer)).size).toBeGreaterThan(2);
  expect(texts).toHaveLength(2 * queries.length);
});
