/** Texts of queries that the raw data does not have: a JSON object {id: text}, or a CSV with the columns id and text. */
import { z } from 'zod';
import { DataError, describeError } from '../../errors.js';
import { parseForeignJson } from '../../files/json.js';
import { readWholeText } from '../../files/text.js';
import { openInput } from '../input.js';

/** @throws DataError INPUT_NOT_FOUND, PROMPTS_INVALID */
export async function readPrompts(path: string): Promise<ReadonlyMap<string, string>> {
  const file = await openInput(path, 'INPUT');
  try {
    const content = await readWholeText(file.path);
    if (content.trimStart().startsWith('{')) {
      return new Map(Object.entries(z.record(z.string(), z.string()).parse(parseForeignJson(content))));
    }
    const { parse } = await import('csv-parse/sync');
    const rows = parse(content, { columns: true, bom: true });
    return new Map(
      z
        .array(z.object({ id: z.string(), text: z.string() }))
        .parse(rows)
        .map(({ id, text }) => [id, text]),
    );
  } catch (error) {
    throw new DataError(
      'PROMPTS_INVALID',
      `${file.name}: expected a JSON object {"id": "text"} or a CSV file with the columns id and text: ${reason(error)}`,
      { cause: error },
    );
  }
}

function reason(error: unknown): string {
  if (!(error instanceof z.ZodError)) return describeError(error);
  const issue = error.issues[0]!;
  return `${issue.path.join('.')}: ${issue.message}`;
}

/** Texts for queries that have none in the raw data. */
export class QueryText {
  readonly #prompts: ReadonlyMap<string, string>;
  readonly #template: string;
  #invented = 0;

  constructor(prompts: ReadonlyMap<string, string>, template: string) {
    this.#prompts = prompts;
    this.#template = template;
  }

  of(id: string): string {
    const prompt = this.#prompts.get(id);
    if (prompt !== undefined) return prompt;
    this.#invented++;
    return this.#template.replaceAll('{id}', () => id);
  }

  /** How many got the template; null when none did. */
  warning(): string | null {
    if (this.#invented === 0) return null;
    return (
      `${this.#invented} queries have no text; they got the template "${this.#template}". ` +
      'Likelihoods under an invented prompt mean little: give the texts with --prompts FILE'
    );
  }
}
