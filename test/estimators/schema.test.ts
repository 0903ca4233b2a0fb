import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { comparison } from '../../src/estimators/compare/result.js';
import { evaluation } from '../../src/estimators/result.js';

/** After a change of the schemas run this test with POPE_UPDATE_SCHEMAS=1, then the formatter. */
it.each([
  ['evaluate', evaluation],
  ['compare', comparison],
])('docs/schemas/%s.schema.json is the schema of the result', (command, type) => {
  const path = new URL(`../../docs/schemas/${command}.schema.json`, import.meta.url);
  const schema = { title: `pope ${command} --json`, ...z.toJSONSchema(type) };
  if (process.env.POPE_UPDATE_SCHEMAS) writeFileSync(path, `${JSON.stringify(schema, null, 2)}\n`);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(schema);
});
