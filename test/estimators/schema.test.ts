import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { evaluation } from '../../src/estimators/result.js';

const path = new URL('../../docs/schemas/evaluate.schema.json', import.meta.url);

/** After a change of src/estimators/result.ts run this test with POPE_UPDATE_SCHEMAS=1, then the formatter. */
it('docs/schemas/evaluate.schema.json is the schema of the result', () => {
  const schema = { title: 'pope evaluate --json', ...z.toJSONSchema(evaluation) };
  if (process.env.POPE_UPDATE_SCHEMAS) writeFileSync(path, `${JSON.stringify(schema, null, 2)}\n`);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(schema);
});
