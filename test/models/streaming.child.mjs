/**
 * Loads a model and prints the memory that the process took for it above its weights, in bytes, at the worst moment.
 *
 *     node streaming.child.mjs MODEL DEVICE
 */
import { loadModel } from '../../dist/index.js';
import { Device } from '../../dist/tensor/device.js';

const [, , folder, device] = process.argv;
/** The most memory that the process ever had, in bytes. */
const peak = () => process.resourceUsage().maxRSS * 1024;

await Device.open(device).close(); // loads the binary
const before = peak();
const model = await loadModel(folder, { device });
const { liveBytes } = model.memoryStats();
console.log(JSON.stringify({ weights: liveBytes, above: peak() - before - liveBytes }));
model.dispose();
