import { readFile, stat } from 'node:fs/promises';
import { DataError, describeValue } from '../errors.js';

/** @throws DataError `MODEL_NOT_FOUND` unless there is such a folder */
export async function requireModelFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory()) return;
  const todo = 'Give the path of a downloaded model folder';
  throw new DataError('MODEL_NOT_FOUND', `model ${describeValue(folder)}: there is no such folder. ${todo}.`);
}

/** The parsed config.json of a model folder. @throws DataError `MISSING_FILE`, `INVALID_JSON` */
export async function readConfig(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new DataError('MISSING_FILE', `${path}: cannot be read (${error.code}); a model folder has a config.json.`);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError('INVALID_JSON', `${path}: not JSON (${(error as Error).message})`, { cause: error });
  }
}
