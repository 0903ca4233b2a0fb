import { describe, expect, it } from 'vitest';
import { hashName } from '../../../src/data/adapters/text.js';
import { importRaw } from '../../helpers/run-adapter.js';

describe('reddit-pushshift', () => {
  it('takes top-level comments on a submission', async () => {
    const comment = (id: string, fields: object) => {
      return { id, link_id: 't3_s', parent_id: 't3_s', author: 'Ann', body: `Text ${id}`, score: 1, ...fields };
    };
    const { report, slates } = await importRaw('reddit-pushshift', {
      RC: [
        comment('a', { score: 5 }),
        comment('b', { author: '[deleted]', score: -2 }),
        comment('c', { parent_id: 't1_a' }),
        comment('d', { body: '[removed]' }),
        comment('e', { score: null }),
      ],
      RS: [{ id: 's', title: 'Which?', selftext: '[deleted]', subreddit: 'films', score: 9 }],
    });
    expect(slates).toEqual([
      {
        id: 's',
        prompt: 'Which?',
        subreddit: 'films',
        responses: [
          { id: 'a', text: 'Text a', signal: 5, author: hashName('Ann') },
          { id: 'b', text: 'Text b', signal: -2 },
        ],
      },
    ]);
    expect(report.responses.dropped).toEqual({ 'nested-reply': 1, 'deleted-text': 1, 'malformed-row': 1 });
  });
});

describe('reddit-threads', () => {
  it('groups comments by thread, whose text it lacks', async () => {
    const csv =
      ',Comments,Submission_ID,Is_Submitter,Author,Time,Upvotes\n7,"One, two",t3_x,False,u,1.0,-3\n8,Two,t3_x,True,v,2.0,4\n';
    const { report, slates } = await importRaw('reddit-threads', { csv });
    expect(slates).toEqual([
      {
        id: 'x',
        prompt: 'Reddit thread x',
        responses: [
          { id: '1', text: 'One, two', signal: -3, author: hashName('u') },
          { id: '2', text: 'Two', signal: 4, author: hashName('v') },
        ],
      },
    ]);
    expect(report.warnings.map(({ code }) => code)).toEqual(['NO_PROMPT_TEXT']);
    await expect(importRaw('reddit-threads', { csv: 'Comments,Author\nx,y\n' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('missing: Submission_ID, Upvotes'),
    });
  });
});

describe('reddit-movie-csv', () => {
  it('reads posts from the column id, and pairs of question and answer', async () => {
    const pair = { docID: 't5', question: 'Seen it?', corpus: 'reddit' };
    const { slates } = await importRaw('reddit-movie-csv', {
      csv: ',title,id,body,score,created\n0,c1,A post,Great,3,1\n1,c2,A post,Bad,-1,2\n',
      json: JSON.stringify([
        { ...pair, answer: 'Yes' },
        { ...pair, answer: 'No' },
      ]),
    });
    expect(slates).toEqual([
      {
        id: hashName('A post'),
        prompt: 'A post',
        responses: [
          { id: 'c1', text: 'Great', signal: 3 },
          { id: 'c2', text: 'Bad', signal: -1 },
        ],
      },
      {
        id: hashName('Seen it?'),
        prompt: 'Seen it?',
        responses: [
          { id: '2.1', text: 'Yes' },
          { id: '2.2', text: 'No' },
        ],
      },
    ]);
  });
});

describe('reddit-crs', () => {
  it('brings together what recommenders said to one context', async () => {
    const turn = (resp: string, turn_id: string, fields: object = {}) => {
      return {
        context: ['', 'Hello', 'Hi!', 'A film?'],
        resp,
        dialog_id: 'd',
        turn_id,
        is_user: 0,
        rec: [],
        ...fields,
      };
    };
    const { report, slates } = await importRaw('reddit-crs', {
      test: [
        turn('Alien', 't1'),
        turn('Up', 't2'),
        turn('Thanks', 't3', { is_user: 1 }),
        turn('Hello', 't4', { context: [''] }),
      ],
    });
    expect(slates).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        cluster: 'd',
        messages: [
          { role: 'user', content: 'Hello' },
          { role: 'assistant', content: 'Hi!' },
          { role: 'user', content: 'A film?' },
        ],
        responses: [
          { id: 'd/t1', text: 'Alien' },
          { id: 'd/t2', text: 'Up' },
        ],
      },
    ]);
    expect(report.responses.dropped).toEqual({ 'turn-of-the-seeker': 1, 'nothing-was-said-before': 1 });
  });
});
