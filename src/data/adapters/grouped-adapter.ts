import type { InputFile } from '../input.js';
import type { Adapter, ImportContext } from './adapter.js';
import { groupSlates, type SlateOptions, type SlatePart } from './group-rows.js';

/** What a grouped adapter states; without a word on it, the smallest slate is 2 and there are no options. */
export interface GroupedAdapter
  extends Omit<Adapter, 'minSlate' | 'options' | 'read'>,
    Partial<Pick<Adapter, 'minSlate' | 'options'>>,
    SlateOptions {
  /** Reads one raw file, given also by its index, as parts by query. The same file gives the same rows every time. */
  rows(
    file: InputFile,
    context: ImportContext,
    index: number,
  ): AsyncIterable<readonly [query: string, part: SlatePart]>;
}

/** An adapter of raw data in which every row tells a part of a slate, and the rows of a slate may stand anywhere. */
export function groupedAdapter(stated: GroupedAdapter): Adapter {
  const { rows, merge, judged, minSlate = 2, options = [], ...described } = stated;
  return {
    ...described,
    minSlate,
    options,
    read: (files, context) =>
      groupSlates(files, context, (file, index) => rows(file, context, index), { merge, judged }),
  };
}
