import { z } from 'zod';
import { key, number, rowId } from './fields.js';
import { groupedAdapter } from './grouped-adapter.js';
import { readRecords } from './rows.js';

const comment = z.object({ Movie: key, textOriginal: z.string(), likeCount: number });

/** Comments on trailers: query = film, responses = comments. */
export const youtubeComments = groupedAdapter({
  name: 'youtube-comments',
  description: "comments on the trailers of a film with likes; a query's text is the film's title",
  files: 'CSV with the columns Movie, textOriginal and likeCount',
  promptTemplate: 'Film {id}',
  async *rows(file, context, index) {
    let row = 0;
    for await (const { Movie, textOriginal, likeCount } of readRecords(file, comment, context)) {
      const responses = [{ id: rowId(index, ++row), text: textOriginal, signal: likeCount }];
      yield [Movie, { query: { prompt: Movie }, responses }];
    }
  },
});
