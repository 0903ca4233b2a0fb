import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Peer } from './peer.mjs';

const script = fileURLToPath(new URL('python_peers.py', import.meta.url));

/**
 * Python with numpy as a peer (python_peers.py): candidates by name and sizes, and `versions`. Null, after a line that says so,
 * where there is none. PYTHON names the interpreter (default python3).
 */
export async function openNumpy(threads) {
  const python = process.env.PYTHON ?? 'python3';
  try {
    execFileSync(python, ['-c', 'import numpy'], { stdio: 'ignore' });
  } catch {
    console.error(`without Python's numpy: ${python} does not import it`);
    return null;
  }
  const limit = Object.fromEntries(['OMP', 'OPENBLAS', 'MKL'].map((name) => [`${name}_NUM_THREADS`, String(threads)]));
  const peer = new Peer(python, [script], limit);
  return {
    versions: JSON.parse(await peer.ask('versions')),
    candidate:
      (name, ...sizes) =>
      () =>
        peer.milliseconds([name, ...sizes].join(' ')),
    close: () => peer.close(),
  };
}
