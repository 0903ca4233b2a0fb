import { describe, expect, it } from 'vitest';
import { runAdapter } from '../../helpers/run-adapter.js';
import { sharedPath } from '../../helpers/shared.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const message = (id: string, role: string, replies: object[] = [], fields: object = {}) => ({
  message_id: id,
  role,
  text: `text of ${id}`,
  replies,
  ...fields,
});

const tree = {
  message_tree_id: 'p1',
  prompt: message('p1', 'prompter', [
    message('a1', 'assistant', [message('p2', 'prompter', [message('a3', 'assistant'), message('a4', 'assistant')])], {
      rank: 1,
    }),
    message('a2', 'assistant', [message('p3', 'prompter', [message('a5', 'assistant')])], { rank: 0 }),
    message('a6', 'assistant', [message('p4', 'prompter', [message('a7', 'assistant'), message('a8', 'assistant')])], {
      deleted: true,
    }),
    { message_id: 'a9', role: 'robot', text: 'x' },
  ]),
};

describe('oasst', () => {
  it('makes a slate of the replies to each prompter message, with the path as messages', async () => {
    const input = await folder.write('trees.jsonl', `${JSON.stringify(tree)}\nnot json\n`);
    const { report, slates } = await runAdapter('oasst', [input], { output: folder.path('log.jsonl') });
    expect(slates).toEqual([
      {
        id: 'p1',
        cluster: 'p1',
        messages: [{ role: 'user', content: 'text of p1' }],
        responses: [
          { id: 'a1', text: 'text of a1', rank: 2 },
          { id: 'a2', text: 'text of a2', rank: 1 },
        ],
      },
      {
        id: 'p2',
        cluster: 'p1',
        messages: [
          { role: 'user', content: 'text of p1' },
          { role: 'assistant', content: 'text of a1' },
          { role: 'user', content: 'text of p2' },
        ],
        responses: [
          { id: 'a3', text: 'text of a3' },
          { id: 'a4', text: 'text of a4' },
        ],
      },
    ]);
    // a6 is deleted, and with it what answers it; p3 has one reply only.
    expect(report.queries).toEqual({ read: 4, kept: 2, dropped: { 'below-min-slate': 2 } });
    expect(report.responses.dropped).toEqual({
      'deleted-text': 3,
      'slate-dropped': 1,
      'malformed-message': 1,
      'malformed-row': 1,
    });
  });

  it('keeps deleted messages where asked', async () => {
    const input = await folder.write('trees.jsonl', JSON.stringify(tree));
    const { slates } = await runAdapter('oasst', [input], { output: folder.path('log.jsonl'), deleted: 'keep' });
    expect(slates.map(({ id, responses }) => [id, responses.length])).toEqual([
      ['p1', 3],
      ['p2', 2],
      ['p4', 2],
    ]);
  });

  const path = sharedPath('data/oasst_trees/en_100_tree.sample.jsonl');
  it.skipIf(path === null)('imports the real sample', async () => {
    const { report, slates } = await runAdapter('oasst', [path!], { output: folder.path('log.jsonl') });
    expect(report.queries).toEqual({ read: 180, kept: 151, dropped: { 'below-min-slate': 29 } });
    expect(report.responses).toEqual({ read: 489, kept: 460, dropped: { 'slate-dropped': 29 } });
    expect(new Set(slates.map(({ cluster }) => cluster)).size).toBeLessThanOrEqual(70);
    const ranks = slates.flatMap(({ responses }) => responses.map(({ rank }) => rank));
    expect(ranks.filter((rank) => rank !== undefined).length).toBeGreaterThan(400);
  });
});
