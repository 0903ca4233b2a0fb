import { join } from 'node:path';
import { TrainedQueries, trainedQueriesSchema } from '../data/trained-queries.js';
import { writeFileAtomic } from '../files/atomic.js';
import { readOptionalJson } from './json.js';

/** Beside the weights of a model or adapter that POPE trained; other libraries pass it over. */
const NAME = 'pope-training.json';

/** Null for a model that was not trained here. @throws DataError INVALID_JSON, UNREADABLE_FILE */
export async function readTrainedQueries(folder: string): Promise<TrainedQueries | null> {
  const json = await readOptionalJson(join(folder, NAME), trainedQueriesSchema);
  return json && TrainedQueries.parse(json);
}

/** Writes nothing for a model that was not trained. */
export async function writeTrainedQueries(folder: string, queries: TrainedQueries | null): Promise<void> {
  if (queries !== null) await writeFileAtomic(join(folder, NAME), `${JSON.stringify(queries)}\n`);
}
