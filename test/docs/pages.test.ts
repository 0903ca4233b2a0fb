/** Everything that the documentation shows is done; CONTRIBUTING.md says what stands behind the language of a block. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CausalModel, loadModel } from '../../src/models/index.js';
import { modelServer } from '../helpers/model-server.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { wrongSpans } from './command-lines.js';
import { fencesOf, pages, readPage } from './fences.js';
import { typeErrors } from './library.js';
import { brokenLinks } from './links.js';
import { PageReader } from './page-reader.js';
import { FIRST, surroundingsOf } from './surroundings.js';

const modules: string[] = [];
let served: CausalModel;
let url: string;

beforeAll(async () => {
  served = await loadModel(await tinyModel());
});
beforeEach(async () => {
  ({ url } = await modelServer(served));
});
afterAll(() => served.dispose());

/** The pages name a server that is not there. */
const placed = (text: string) => text.replaceAll('http://localhost:8000/v1', url);

// Much is done here, and a machine may be busy with other work.
describe('every block is right', { timeout: 300_000 }, () => {
  it.each([...FIRST, ...pages.filter((page) => !FIRST.includes(page))])('of %s', async (page) => {
    const fences = fencesOf(page);
    if (fences.length === 0) return;
    const { folder, typed } = surroundingsOf(page);
    const reader = new PageReader(folder, placed);
    try {
      await reader.type(typed);
      for (const fence of fences) await reader.read(fence);
    } finally {
      reader.close();
    }
    modules.push(...reader.modules);
  });

  it('in its types, where it is JavaScript', () => {
    expect(modules.length).toBeGreaterThan(1);
    expect(typeErrors(modules)).toEqual([]);
  });
});

describe('links lead somewhere', () => {
  it.each(pages)('in %s', (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });
});

describe('running text names commands and flags that exist', () => {
  // The changelog tells of earlier versions too.
  it.each(pages.filter((page) => page !== 'CHANGELOG.md'))('in %s', (page) => {
    expect(wrongSpans(readPage(page))).toEqual([]);
  });
});
