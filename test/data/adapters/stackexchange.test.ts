import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { hashName } from '../../../src/data/adapters/text.js';
import { runAdapter } from '../../helpers/run-adapter.js';
import { sharedPath } from '../../helpers/shared.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const posts = (...rows: string[]) =>
  `\uFEFF<?xml version="1.0" encoding="utf-8"?>\n<posts>\n${rows.join('\n')}\n</posts>`;
const raw = posts(
  '<row Id="11" PostTypeId="2" ParentId="10" Score="-2" Body="&lt;p&gt;No&lt;/p&gt;" />',
  '<row Id="10" PostTypeId="1" Score="5" Title="Why &amp;amp; how?" Body="&lt;p&gt;a &amp;lt; b&lt;/p&gt;&#xA;" Tags="&lt;x&gt;&lt;y-z&gt;" />',
  '<row Id="12" PostTypeId="2" ParentId="10" Score="3" Body="Yes" OwnerUserId="7" />',
  '<row Id="13" PostTypeId="2" ParentId="99" Score="3" Body="To nobody" />',
  '<row Id="14" PostTypeId="4" Body="A wiki page" />',
  '<row Id="15" PostTypeId="2" ParentId="10" Score="many" Body="x" />',
);
const output = () => folder.path('log.jsonl');

describe('stackexchange', () => {
  it('makes a slate of the answers to each question, wherever the rows stand', async () => {
    const { report, slates } = await runAdapter('stackexchange', [await folder.write('Posts.xml', raw)], {
      output: output(),
    });
    expect(slates).toEqual([
      {
        id: '10',
        prompt: 'Why &amp; how?\n\na < b',
        tags: ['x', 'y-z'],
        responses: [
          { id: '11', text: 'No', signal: -2 },
          { id: '12', text: 'Yes', signal: 3, author: hashName('7') },
        ],
      },
    ]);
    expect(report.responses).toEqual({ read: 4, kept: 2, dropped: { 'no-question': 1, 'malformed-row': 1 } });
  });

  it('keeps sites apart by the names of their folders', async () => {
    for (const site of ['beer', 'tea', 'more/tea']) await mkdir(folder.path(site), { recursive: true });
    const [beer, tea, other] = [
      await folder.write('beer/Posts.xml', raw),
      await folder.write('tea/Posts.xml', raw),
      await folder.write('more/tea/Posts.xml', raw),
    ];
    const { slates } = await runAdapter('stackexchange', [beer, tea], { output: output() });
    expect(slates.map(({ id }) => id)).toEqual(['beer/10', 'tea/10']);
    await expect(runAdapter('stackexchange', [tea, other], { output: output() })).rejects.toMatchObject({
      code: 'SITES_ALIKE',
      exitCode: 2,
    });
  });

  it.each(['<posts><row', '<posts><row Id="1"></posts>', 'Id,Body', posts('<row Id="1" Body="&nbsp;" />')])(
    'names what is not XML: %j',
    async (content) => {
      const input = await folder.write('Posts.xml', content);
      await expect(runAdapter('stackexchange', [input], { output: output() })).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringContaining('Posts.xml: expected XML'),
      });
    },
  );

  for (const [file, queries, responses] of [
    ['coffee.stackexchange.com/Posts.xml', 82, 197],
    ['beer.stackexchange.com/Posts.xml.gz', 410, 1338],
  ] as const) {
    const path = sharedPath(`data/stackexchange/${file}`);
    it.skipIf(path === null)(`imports the real ${file}`, async () => {
      const { report, slates } = await runAdapter('stackexchange', [path!], { output: output() });
      expect(report.queries).toEqual({ read: queries, kept: queries, dropped: {} });
      expect(report.responses).toEqual({ read: responses, kept: responses, dropped: {} });
      const texts = slates.flatMap((slate) => [slate.prompt!, ...slate.responses.map(({ text }) => text)]);
      expect(texts.filter((text) => /<\/?(p|li|code|a)\b|&(amp|lt|gt);/.test(text)).length).toBeLessThan(
        texts.length / 50,
      );
    });
  }
});
