import type { Device } from '../tensor/device.js';
import { type FusedHead, fusedHead, gatherRows } from '../tensor/ops/index.js';
import type { Network } from './network.js';
import type { NetworkInputs } from './network-inputs.js';
import type { PackedBatch } from './packing.js';

/** What runs a batch. */
export interface Runner {
  device: Device;
  network: Network;
  inputs: NetworkInputs;
}

/** Log-probability and entropy of every predicted token of a batch, in the order of its head rows. */
export function scoreBatch({ device, network, inputs }: Runner, batch: PackedBatch, temperature: number): FusedHead {
  const hidden = network.forward(inputs.upload(batch));
  const rows = device.tensor(batch.headRows, [batch.headRows.length], 'i32');
  const targets = device.tensor(batch.targets, [batch.targets.length], 'i32');
  return fusedHead(gatherRows(hidden, rows), network.head, targets, { temperature });
}
