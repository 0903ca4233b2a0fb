import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseStudyConfig } from '../../../src/experiments/study/config.js';
import { EXPERIMENTS } from '../../../src/experiments/study/index.js';

const folder = new URL('../../../docs/reproduce/', import.meta.url);

it('docs/reproduce has a configuration for every experiment', () => {
  const names = readdirSync(folder).map((file) => file.replace('.json', ''));
  expect(names.toSorted()).toEqual(EXPERIMENTS.map(({ name }) => name).toSorted());
});

it.each(EXPERIMENTS.map(({ name, schema }) => [name, schema] as const))('that of %s is valid', (name, schema) => {
  const config = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  expect(parseStudyConfig(schema, config, `${name}.json`)).toMatchObject({ stages: 'runs/stages' });
});
