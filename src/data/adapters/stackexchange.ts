import { basename, dirname, resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import type { InputFile } from '../input.js';
import type { Adapter, ImportContext, RawResponse, RawSlate } from './adapter.js';
import { groupRows, type ReadKeyed } from './group-rows.js';
import { readXmlRows } from './rows.js';
import { hashName, htmlToText } from './text.js';

/** A question or one of its answers; what a Posts.xml row is here. */
type Post = { question: Pick<RawSlate, 'prompt' | 'tags'> } | { answer: RawResponse };

/** Stack Exchange data dumps: query = question (title and body), responses = its answers with their scores. */
export const stackexchange: Adapter = {
  name: 'stackexchange',
  description: 'Stack Exchange dumps: answers to a question with up minus down votes',
  files: 'Posts.xml; ids get the name of the folder in front when there are several files',
  minSlate: 2,
  promptTemplate: 'Question {id}',
  options: [],
  async *read(files, context) {
    for await (const [id, posts] of groupRows(files, context, postReader(files, context))) {
      const question = posts.find((post) => 'question' in post);
      const responses = posts.flatMap((post) => ('answer' in post ? [post.answer] : []));
      if (question !== undefined) yield { id, ...question.question, responses };
      else context.drop('no-question', responses.length);
    }
  },
};

function postReader(files: readonly InputFile[], context: ImportContext): ReadKeyed<Post> {
  const sites = files.map((file) => (files.length === 1 ? '' : `${basename(dirname(resolve(file.path)))}/`));
  if (new Set(sites).size < sites.length) {
    throw new UsageError(
      'SITES_ALIKE',
      `stackexchange: post ids repeat from site to site, and these files are in folders of one name: ` +
        `${files.map((file) => file.name).join(', ')}; keep each Posts.xml in a folder named after its site`,
    );
  }
  return async function* (file, index) {
    const site = sites[index]!;
    for await (const row of readXmlRows(file, context)) {
      // Other types are wiki pages, tag descriptions and the like.
      if (row.PostTypeId === '1' && row.Id) yield [site + row.Id, toQuestion(row)];
      else if (row.PostTypeId === '2') {
        const answer = toAnswer(row);
        if (answer !== null) yield [site + row.ParentId, { answer }];
        else context.drop('malformed-row');
      }
    }
  };
}

function toQuestion(row: Record<string, string>): Post {
  const tags = (row.Tags ?? '').split(/[<>|]+/).filter((tag) => tag !== '');
  const prompt = [row.Title ?? '', htmlToText(row.Body ?? '')].filter((part) => part !== '').join('\n\n');
  return { question: { prompt, tags } };
}

function toAnswer(row: Record<string, string>): RawResponse | null {
  const signal = Number(row.Score);
  if (!row.Id || !row.ParentId || !Number.isInteger(signal)) return null;
  const author = row.OwnerUserId === undefined ? {} : { author: hashName(row.OwnerUserId) };
  return { id: row.Id, text: htmlToText(row.Body ?? ''), signal, ...author };
}
