import type { LoadOptions } from '../models/index.js';
import type { Context } from './command.js';
import { optional, text } from './flags.js';

/** Flags of commands that score or generate with a model of their own. */
export const ADAPTER_FLAGS = {
  adapter: optional('--adapter <dir>', 'PEFT adapter (LoRA) to put on the model: folder or hub id', text),
};

/** How a command loads its models: a download from the hub can be stopped, and shows how far it is. */
export function loadOptions<D extends Pick<LoadOptions, 'device' | 'dtype'>>(
  chosen: D,
  { terminal, signal }: Context,
): D & LoadOptions {
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  return {
    ...chosen,
    signal,
    onDownload: ({ done, total }) =>
      terminal.progress({ label: 'downloading', done: megabytes(done), total: megabytes(total), unit: 'MB' }),
  };
}
