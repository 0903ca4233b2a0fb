import { z } from 'zod';
import type { Adapter } from './adapter.js';
import { key, number, rowId } from './fields.js';
import { groupSlates } from './group-rows.js';
import { readRecords } from './rows.js';

const comment = z.object({ Movie: key, textOriginal: z.string(), likeCount: number });

/** Comments on trailers: query = film, responses = comments. */
export const youtubeComments: Adapter = {
  name: 'youtube-comments',
  description: "comments on the trailers of a film with likes; a query's text is the film's title",
  files: 'CSV with the columns Movie, textOriginal and likeCount',
  minSlate: 2,
  promptTemplate: 'Film {id}',
  options: [],
  read(files, context) {
    return groupSlates(files, context, async function* (file, index) {
      let row = 0;
      for await (const { Movie, textOriginal, likeCount } of readRecords(file, comment, context)) {
        const responses = [{ id: rowId(index, ++row), text: textOriginal, signal: likeCount }];
        yield [Movie, { query: { prompt: Movie }, responses }];
      }
    });
  },
};
