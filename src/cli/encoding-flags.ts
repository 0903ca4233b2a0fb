import { readFile } from 'node:fs/promises';
import { describeError, UsageError } from '../errors.js';
import type { LocalPolicyOptions } from '../policy/local-policy.js';
import { defaulted, expected, oneOf, optional, type Parse, text } from './flags.js';
import type { Settings } from './settings.js';

const parseDate: Parse<Date> = (value) => {
  const date = new Date(`${value}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(value) || Number.isNaN(date.getTime()))
    throw expected('a date such as 2026-01-31', value);
  return date;
};

/** Flags of every command that turns a log into tokens of a model. */
export const ENCODING_FLAGS = {
  system: optional('--system <file>', 'text file with a system prompt', text),
  template: defaulted('--template <which>', "auto (the tokenizer's own), raw, or a Jinja file", text, 'auto'),
  end: defaulted('--end <rule>', 'auto (end-of-turn or EOS token counts) or none', oneOf('auto', 'none'), 'auto'),
  date: optional('--date <yyyy-mm-dd>', 'what templates are told is today (default: 2024-07-26)', parseDate),
  onOverflow: defaulted(
    '--on-overflow <what>',
    "when a query exceeds the model's context: error, skip, or truncate its prompt from the left",
    oneOf('error', 'skip', 'truncate'),
    'error',
  ),
};

type EncodingOptions = Pick<LocalPolicyOptions, 'system' | 'template' | 'end' | 'date' | 'onOverflow'>;

/** Reads the files that the flags name. @throws UsageError BAD_OPTION */
export async function encodingOptions({
  system,
  template,
  end,
  date,
  onOverflow,
}: Settings<typeof ENCODING_FLAGS>): Promise<EncodingOptions> {
  return {
    end,
    onOverflow,
    template: template === 'auto' || template === 'raw' ? template : { jinja: await readText('--template', template) },
    ...(system === undefined ? {} : { system: await readText('--system', system) }),
    ...(date === undefined ? {} : { date }),
  };
}

async function readText(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError('BAD_OPTION', `${flag}: cannot read ${path}: ${describeError(error)}`, { cause: error });
  }
}
