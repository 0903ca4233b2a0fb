/** The raw formats that `pope import` knows. */
import { UsageError } from '../../errors.js';
import type { Adapter } from './adapter.js';
import { amazonFineFood } from './amazon-fine-food.js';
import { generic } from './generic.js';
import { oasst } from './oasst.js';
import { stackexchange } from './stackexchange.js';

export const ADAPTERS: readonly Adapter[] = [amazonFineFood, oasst, stackexchange, generic];

/** @throws UsageError ADAPTER_UNKNOWN */
export function findAdapter(name: string): Adapter {
  const adapter = ADAPTERS.find((each) => each.name === name);
  if (adapter !== undefined) return adapter;
  const names = ADAPTERS.map((each) => each.name).join(', ');
  throw new UsageError('ADAPTER_UNKNOWN', `no adapter is called "${name}"; there are ${names}`);
}
