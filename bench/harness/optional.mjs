/**
 * A peer of bench/peers, whose packages are no part of this one's dependencies. Null, after a line that says so, where they are
 * not installed or do not run.
 *
 * @param {'llama-cpp' | 'onnxruntime'} name
 */
export async function importPeer(name) {
  try {
    return await import(`../peers/${name}.mjs`);
  } catch (error) {
    console.error(`without ${name}: ${error.message.split('\n')[0]}; npm install --prefix bench/peers`);
    return null;
  }
}
