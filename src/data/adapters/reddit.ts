import { z } from 'zod';
import type { RawResponse } from './adapter.js';
import { dialogue, key, number, paragraphs, rowId, textId } from './fields.js';
import { groupedAdapter } from './grouped-adapter.js';
import { checkRow, readRecords, readRows } from './rows.js';
import { hashName } from './text.js';

/** What stands for an author or a text that is gone. */
const GONE = new Set(['[deleted]', '[removed]', '']);

const comment = z.object({
  id: key,
  link_id: z.string().startsWith('t3_'),
  parent_id: z.string(),
  author: z.string().nullish(),
  body: z.string(),
  score: number,
});

const submission = z.object({
  id: key,
  title: z.string(),
  selftext: z.string().nullish(),
  subreddit: z.string().optional(),
});

/** Dumps of Reddit by Pushshift (Baumgartner et al. 2020): query = submission, responses = its top-level comments. */
export const redditPushshift = groupedAdapter({
  name: 'reddit-pushshift',
  description: 'Pushshift dumps of Reddit: top-level comments on a submission with up minus down votes',
  files: 'submissions and comments, in any order (.jsonl)',
  promptTemplate: 'Submission {id}',
  async *rows(file, context) {
    for await (const row of readRows(file, ['id'], context)) {
      if ('body' in row) {
        const given = checkRow(row, comment, file, context);
        if (given === null) continue;
        const { id, link_id, parent_id, body: text, score: signal } = given;
        if (parent_id === link_id) {
          yield [link_id.slice(3), { responses: [{ id, text, signal, ...author(given.author) }] }];
        } else context.drop('nested-reply');
      } else {
        const given = checkRow(row, submission, file, context);
        if (given === null) continue;
        const { id, title, selftext, subreddit } = given;
        const prompt = paragraphs(title, GONE.has(selftext ?? '') ? '' : selftext);
        yield [id, { query: { prompt, ...(subreddit === undefined ? {} : { subreddit }) } }];
      }
    }
  },
});

const threadComment = z.object({ Comments: z.string(), Submission_ID: key, Author: z.string(), Upvotes: number });

/** Comments by thread without the thread's text. */
export const redditThreads = groupedAdapter({
  name: 'reddit-threads',
  description: 'tables of Reddit comments by thread with upvotes; the text of the threads is not in them',
  files: 'CSV with the columns Comments, Submission_ID, Author and Upvotes',
  promptTemplate: 'Reddit thread {id}',
  async *rows(file, context, index) {
    let row = 0;
    for await (const { Submission_ID, Comments, Upvotes, Author } of readRecords(file, threadComment, context)) {
      const response = { id: rowId(index, ++row), text: Comments, signal: Upvotes, ...author(Author) };
      yield [Submission_ID.replace(/^t3_/, ''), { responses: [response] }];
    }
  },
});

/** As published: the column `title` holds the comment's id, the column `id` the title of the post. */
const postComment = z.object({ title: key, id: z.string(), body: z.string(), score: number });

const pair = z.object({ question: z.string(), answer: z.string() });

/** Two small sets of talk about films. */
export const redditMovieCsv = groupedAdapter({
  name: 'reddit-movie-csv',
  description: 'talk about films on Reddit: comments on a post with upvotes; or pairs of question and answer, without',
  files: 'CSV with the columns title, id, body and score, or JSON with question and answer',
  promptTemplate: 'Post {id}',
  async *rows(file, context, index) {
    let row = 0;
    for await (const raw of readRows(file, ['title', 'id', 'body', 'score'], context)) {
      row++;
      if ('question' in raw) {
        const given = checkRow(raw, pair, file, context);
        if (given === null) continue;
        const responses = [{ id: rowId(index, row), text: given.answer }];
        yield [textId(given.question), { query: { prompt: given.question }, responses }];
      } else {
        const given = checkRow(raw, postComment, file, context);
        if (given === null) continue;
        const responses = [{ id: given.title, text: given.body, signal: given.score }];
        yield [textId(given.id), { query: { prompt: given.id }, responses }];
      }
    }
  },
});

const turn = z.object({
  context: z.array(z.string()),
  resp: z.string(),
  dialog_id: key,
  turn_id: key,
  /** 1: the turn is the seeker's, whom nobody models. */
  is_user: z.union([z.literal(0), z.literal(1)]),
});

/** Conversational recommendation (He et al. 2023): query = a dialogue so far, responses = what the recommenders said. */
export const redditCrs = groupedAdapter({
  name: 'reddit-crs',
  description:
    'dialogues of recommendation (Reddit-Movie, INSPIRED, ReDial): what recommenders said next, without votes',
  files: 'test.jsonl and test_raw.jsonl and their like',
  minSlate: 1,
  promptTemplate: 'Dialogue {id}',
  async *rows(file, context) {
    for await (const { context: turns, resp, is_user, dialog_id, turn_id } of readRecords(file, turn, context)) {
      const messages = dialogue(turns.filter((text) => text !== ''));
      if (is_user === 1) context.drop('turn-of-the-seeker');
      else if (messages.length === 0) context.drop('nothing-was-said-before');
      else {
        const responses = [{ id: `${dialog_id}/${turn_id}`, text: resp }];
        yield [textId(messages), { query: { messages, cluster: dialog_id }, responses }];
      }
    }
  },
});

function author(name: string | null | undefined): Partial<RawResponse> {
  return name == null || GONE.has(name) ? {} : { author: hashName(name) };
}
