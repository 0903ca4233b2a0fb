import { expect, it } from 'vitest';
import { importRaw } from '../../helpers/run-adapter.js';

it('youtube-comments: comments of a film, likes or none', async () => {
  const { report, slates } = await importRaw('youtube-comments', {
    csv: 'videoId,textDisplay,textOriginal,likeCount,publishedAt,updatedAt,Movie\nv,x,"Wow, 🎬",0,,,Up\nw,x,Nice,12,,,Up\nw,x,Odd,,,,Up\n',
  });
  expect(slates).toEqual([
    {
      id: 'Up',
      prompt: 'Up',
      responses: [
        { id: '1', text: 'Wow, 🎬', signal: 0 },
        { id: '2', text: 'Nice', signal: 12 },
      ],
    },
  ]);
  expect(report.responses.dropped).toEqual({ 'malformed-row': 1 });
});
