import { UsageError } from '../errors.js';
import type { RemoteOptions } from '../policy/remote-options.js';
import { Endpoint, isUrl } from '../remote/endpoint.js';
import type { Context } from './command.js';
import { optional, positiveInteger, positiveNumber, text, wholeNumber } from './flags.js';
import type { Settings } from './settings.js';

/** Flags of commands whose `--model` may be the URL of a server. */
export const REMOTE_FLAGS = {
  modelName: optional('--model-name <name>', 'URL: name of the model there', text),
  tokenizer: optional('--tokenizer <dir>', 'URL: folder or hub id of the model there, for its tokenizer', text),
  context: optional(
    '--context <n>',
    'URL: most tokens of prompt and response (default: no limit here)',
    positiveInteger,
  ),
  concurrency: optional('--concurrency <n>', 'URL: requests at a time (default: 16)', positiveInteger),
  retries: optional('--retries <n>', 'URL: attempts after a failed one (default: 10)', wholeNumber),
  timeout: optional('--timeout <seconds>', 'URL: longest wait for an answer (default: 120)', positiveNumber),
};

type RemoteSettings = Settings<typeof REMOTE_FLAGS> & { model: string; adapter: string | undefined };

/**
 * What the flags say of a server; null where `--model` is no URL.
 *
 * @throws UsageError ENDPOINT_MODEL_NAME, TOKENIZER_MISSING; BAD_OPTION for a flag of servers that was typed without one
 */
export function remoteOptions(settings: RemoteSettings, { typed }: Pick<Context, 'typed'>): RemoteOptions | null {
  const { model: url, modelName, tokenizer, context, concurrency, retries, timeout } = settings;
  if (!isUrl(url)) {
    const given = Object.entries(REMOTE_FLAGS).find(([name]) => typed.has(name));
    if (given === undefined) return null;
    const flag = given[1].syntax.split(' ')[0];
    throw new UsageError('BAD_OPTION', `${flag}: only for a model behind a URL, but --model is ${url}`);
  }
  new Endpoint(url); // refuses a password before any message shows it
  if (settings.adapter !== undefined) {
    throw new UsageError('BAD_OPTION', `--adapter: only for a model that runs here, but --model is ${url}`);
  }
  if (modelName === undefined) {
    throw new UsageError('ENDPOINT_MODEL_NAME', `--model ${url} needs --model-name, the name of the model there`);
  }
  if (tokenizer === undefined) {
    const why = 'texts become tokens here, so that it is known which tokens are scored';
    throw new UsageError(
      'TOKENIZER_MISSING',
      `--model ${url} needs --tokenizer, a folder with its tokenizer.json: ${why}`,
    );
  }
  const milliseconds = timeout === undefined ? undefined : Math.ceil(1000 * timeout);
  return { model: modelName, tokenizer, context, concurrency, retries, timeout: milliseconds };
}
