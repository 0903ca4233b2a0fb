/** @file The references of RQ1: what answers are measured against, and what candidates are valued by. No model trains on them. */
import { join } from 'node:path';
import { LoggedDataset } from '../../../data/dataset.js';
import { queryText } from '../../../data/query-text.js';
import type { LoggedResponse, Slate } from '../../../data/slate.js';
import { UsageError } from '../../../errors.js';
import { AnswerFile } from '../../../remote/answer-file.js';
import { ChatModel } from '../../../remote/chat.js';
import { mapConcurrent } from '../../../remote/concurrent.js';
import { textWorld } from '../../worlds/text/text-world.js';
import type { DataConfig } from '../config.js';
import { writeSlates } from '../data.js';
import type { Stage } from '../stages.js';
import type { Study } from '../study.js';
import type { Rq1Config, ToyConfig } from './schema.js';

/** Answers of people among which those of each opinion are looked for. */
const ANSWERS_OF_PEOPLE = 200;

/** Writes references.jsonl: every query with its references, whose signals are their shares p_j. */
export async function writeReferences(study: Study<Rq1Config>, config: DataConfig): Promise<Stage<unknown>> {
  const { match, prompts, references, styles, chat } = study.config.toy;
  if (chat !== undefined && styles.length < references) {
    throw new UsageError(
      'STUDY_CONFIG',
      `toy.styles: expected one for each of ${references} references, got ${styles.length}`,
    );
  }
  const { world, seed } = config;
  const source =
    world === undefined
      ? { log: await (await LoggedDataset.open(config.log!)).sha256(), match }
      : { world, seed, match };
  const by = chat === undefined ? null : { ...chat, concurrency: undefined, styles: styles.slice(0, references) };
  return study.stages.run('references', config.name, { source, prompts, references, by }, async (folder) => {
    const slates = await queries(config, study.config.toy);
    const written =
      chat === undefined ? slates : await synthesize(study, slates, { chat, file: join(folder, 'answers.jsonl') });
    return writeSlates(join(folder, 'references.jsonl'), written);
  });
}

/** The queries that the configuration asks for, each with the references that it has of its own. */
async function queries({ log, world, seed }: DataConfig, { match, prompts, references }: ToyConfig): Promise<Slate[]> {
  const wanted = match === undefined ? null : pattern(match);
  const source = world === undefined ? await LoggedDataset.open(log!) : peoplesAnswers(textWorld(world, seed));
  const slates: Slate[] = [];
  for await (const slate of source) {
    if (wanted !== null && !wanted.test(queryText(slate))) continue;
    if (slates.length === prompts) break;
    slates.push({ ...slate, responses: slate.responses.slice(0, references) });
  }
  if (slates.length > 0) return slates;
  throw new UsageError('STUDY_CONFIG', `toy.match: expected an expression that finds some query, got "${match}"`);
}

function pattern(match: string): RegExp {
  try {
    return new RegExp(match, 'iu');
  } catch (error) {
    throw new UsageError('STUDY_CONFIG', `toy.match: expected a regular expression: ${(error as Error).message}`);
  }
}

/** One answer of each opinion, the largest first, with the share of the people who hold it. */
function peoplesAnswers(world: ReturnType<typeof textWorld>): Slate[] {
  const answers = world.sample('human', undefined, ANSWERS_OF_PEOPLE);
  return world.queries().map(({ id, prompt, groups }) => {
    const responses = groups.flatMap(({ opinion, share }): LoggedResponse[] => {
      const text = answers.get(id)!.find((answer) => world.stanceOf(answer) === opinion);
      return text === undefined ? [] : [{ id: opinion, text, signal: share, opinion }];
    });
    return { id, prompt, responses };
  });
}

/** Asks a chat model for an answer in each style; what it said before is not asked again. */
async function synthesize(
  study: Study<Rq1Config>,
  slates: readonly Slate[],
  { chat, file }: { chat: NonNullable<ToyConfig['chat']>; file: string },
): Promise<Slate[]> {
  const { references, styles } = study.config.toy;
  const { url, concurrency, ...options } = chat;
  const model = new ChatModel(url, options);
  const answers = await AnswerFile.open(file);
  let done = 0;
  try {
    const asked = slates.flatMap((slate) => styles.slice(0, references).map((style) => ({ slate, style })));
    const texts = await mapConcurrent(asked, concurrency, async ({ slate, style }) => {
      const messages = referenceMessages(queryText(slate), style);
      const { text } = await answers.ask(model, { query: slate.id, style }, messages, study.signal);
      study.onProgress({ label: 'writing references', done: ++done, total: asked.length, unit: 'references' });
      return text.trim();
    });
    return slates.flatMap(({ responses: _, ...slate }, i) => {
      const own = texts.slice(i * references, (i + 1) * references);
      const responses = own.flatMap((text, j): LoggedResponse[] =>
        text === '' ? [] : [{ id: `style-${j + 1}`, text, signal: 1, opinion: styles[j]! }],
      );
      return responses.length === 0 ? [] : [{ ...slate, responses }];
    });
  } finally {
    await answers.close();
  }
}

function referenceMessages(query: string, style: string) {
  const system =
    'You answer requests in the style that you are given. Keep to the facts that any style would share, and say nothing ' +
    'about the style or about yourself: write the answer only.';
  return [
    { role: 'system' as const, content: system },
    { role: 'user' as const, content: `Style: ${style}.\n\nRequest: ${query}` },
  ];
}
