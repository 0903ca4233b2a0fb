import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { alignResult } from '../../src/align/result.js';

const path = new URL('../../docs/schemas/align.schema.json', import.meta.url);

/** After a change of src/align/result.ts run this test with POPE_UPDATE_SCHEMAS=1, then the formatter. */
it('docs/schemas/align.schema.json is the schema of the result', () => {
  const schema = { title: 'pope align --json', ...z.toJSONSchema(alignResult) };
  if (process.env.POPE_UPDATE_SCHEMAS) writeFileSync(path, `${JSON.stringify(schema, null, 2)}\n`);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(schema);
});
