import { loadAddon } from '../../src/native/loader.js';
import { simtAddon } from './simt-addon.js';

const cpu = ['on the CPU', () => loadAddon()] as const;
const gpu = ['for a GPU', simtAddon] as const;

/** For `describe.each`: whoever runs an op, by name; the CPU alone where one of its instruction sets is asked for. */
export const implementations = process.env.POPE_SIMD === undefined ? [cpu, gpu] : [cpu];
