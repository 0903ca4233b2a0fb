import { addonFunctions, type ConformanceVector, check } from '../../conformance/run.mjs';
import { validateSlate } from '../../src/data/schema.js';
import { parseStudyConfig } from '../../src/experiments/study/config.js';
import { EXPERIMENTS } from '../../src/experiments/study/index.js';
import type { ResponseWeight } from '../../src/export/weights.js';
import { loadAddon } from '../../src/native/loader.js';
import { parseGenerationLine } from '../../src/policy/generation-line.js';
import { parseScoreLine } from '../../src/policy/score-line.js';

const responseWeight: Readonly<Record<keyof ResponseWeight, readonly string[]>> = {
  query: ['string'],
  response: ['string'],
  coefficient: ['number'],
  tokens: ['number'],
  logprob: ['number'],
  reward: ['number'],
  weight: ['number'],
  logging: ['number', 'object'],
  reference: ['number', 'object'],
};

/** What a block of JSON may say that it is, and how that is checked; each throws where it is not. */
const CLAIMS: Readonly<Record<string, (value: unknown, place: string) => unknown>> = {
  'a query of a log': validateSlate,
  'a score': (value, place) => parseScoreLine(JSON.stringify(value), place),
  'a generation': (value, place) => parseGenerationLine(JSON.stringify(value), place),
  'a response weight': isResponseWeight,
  'a conformance vector': passes,
  ...Object.fromEntries(
    EXPERIMENTS.map(({ name, schema }) => [
      `a configuration of ${name}`,
      (value: unknown, place: string) => parseStudyConfig(schema, value, place),
    ]),
  ),
};

/** @throws Error where the text is no JSON, or is not what it says */
export async function checkJson(text: string, claim: string | undefined, place: string): Promise<void> {
  const value: unknown = JSON.parse(text);
  const checkClaim = CLAIMS[claim ?? ''];
  if (!checkClaim)
    throw new Error(`${place}: expected is="..", one of ${Object.keys(CLAIMS).join(', ')}, got ${claim}`);
  await checkClaim(value, place);
}

function isResponseWeight(value: unknown, place: string): void {
  const types = Object.entries(value as object).map(([key, field]) => [key, typeof field] as const);
  const wrong = types.filter(([key, type]) => !responseWeight[key as keyof ResponseWeight]?.includes(type));
  if (wrong.length > 0 || types.length !== Object.keys(responseWeight).length) {
    throw new Error(`${place}: expected the fields of ResponseWeight, got ${JSON.stringify(value)}`);
  }
}

async function passes(value: unknown, place: string): Promise<void> {
  const queue = loadAddon().createQueue({ maximumPending: 8 });
  const failures = await check([value as ConformanceVector], addonFunctions(queue));
  await queue.close();
  if (failures.length > 0) throw new Error(`${place}: ${failures.join('; ')}`);
}
