import { loadAddon } from '../../src/native/loader.js';
import { simtAddon } from './simt-addon.js';

/** For `describe.each`: whoever runs an op, by name. */
export const implementations = [
  ['on the CPU', () => loadAddon()],
  ['for a GPU', simtAddon],
] as const;
