import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { openInput } from '../data/input.js';
import { readTextLines } from '../data/lines.js';
import { DataError, describeError } from '../errors.js';
import { openForAppend } from '../files/append.js';
import { writing } from '../files/atomic.js';
import { OutputLock } from '../files/lock.js';
import type { ChatAnswer, ChatMessage, ChatModel } from './chat.js';

const tokens = z.int().nonnegative().nullable();
const answerLine = z.looseObject({
  key: z.string(),
  text: z.string(),
  promptTokens: tokens,
  completionTokens: tokens,
  finish: z.string().nullable(),
  raw: z.string(),
});

/**
 * Answers of a chat model, one per line as they come, the server's own words included: a record and a cache. What is in the
 * file is not asked again, so work that was stopped at any moment goes on from there. A question is known by a hash of model,
 * settings, server and messages.
 */
export class AnswerFile {
  /** Answers that were in the file already, and those that were asked for. */
  reused = 0;
  asked = 0;
  /** Tokens of all answers used, as far as the server counted them. */
  readonly tokens = { prompt: 0, completion: 0 };
  readonly #answers: ReadonlyMap<string, ChatAnswer>;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #lock: OutputLock;
  /** Lines are written one after the other, though several questions may be open at a time. */
  #written: Promise<void> = Promise.resolve();

  private constructor(path: string, answers: ReadonlyMap<string, ChatAnswer>, file: FileHandle, lock: OutputLock) {
    this.#path = path;
    this.#answers = answers;
    this.#file = file;
    this.#lock = lock;
  }

  /** @throws UsageError OUTPUT_NOT_WRITABLE, OUTPUT_LOCKED; DataError INPUT_INVALID for a file of something else */
  static async open(path: string): Promise<AnswerFile> {
    const lock = await OutputLock.ofFile(path);
    let file: FileHandle | undefined;
    try {
      file = await openForAppend(path);
      const answers = new Map<string, ChatAnswer>();
      for await (const { number, text } of readTextLines(await openInput(path, 'INPUT'))) {
        const { key, ...answer } = parseLine(text, `${path}:${number}`);
        answers.set(key, answer);
      }
      return new AnswerFile(path, answers, file, lock);
    } catch (error) {
      await file?.close();
      await lock.release();
      throw error;
    }
  }

  /**
   * The answer to `messages`, from the file or the model.
   *
   * @param about what the question is about, for readers of the file
   * @throws as `ChatModel.complete`
   */
  async ask(
    chat: ChatModel,
    about: Readonly<Record<string, string>>,
    messages: readonly ChatMessage[],
    signal?: AbortSignal,
  ): Promise<ChatAnswer> {
    const key = `sha256:${createHash('sha256')
      .update(JSON.stringify([chat.identity, messages]))
      .digest('hex')}`;
    let answer = this.#answers.get(key);
    if (answer) this.reused++;
    else {
      answer = await chat.complete(messages, signal);
      this.asked++;
      await this.#append({ ...about, key, model: chat.model, ...answer });
    }
    this.tokens.prompt += answer.promptTokens ?? 0;
    this.tokens.completion += answer.completionTokens ?? 0;
    return answer;
  }

  /** Closes the file; everything that was answered is in it. */
  async close(): Promise<void> {
    await this.#file.close();
    await this.#lock.release();
  }

  #append(line: object): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    const appended = this.#written.then(() => writing(this.#path, this.#file.appendFile(text)));
    this.#written = appended.catch(() => {});
    return appended;
  }
}

function parseLine(text: string, place: string): z.infer<typeof answerLine> {
  try {
    return answerLine.parse(JSON.parse(text));
  } catch (error) {
    throw new DataError('INPUT_INVALID', `${place}: expected an answer of a chat model: ${describeError(error)}`);
  }
}
