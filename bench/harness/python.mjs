import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Peer } from './peer.mjs';

const script = fileURLToPath(new URL('python_peers.py', import.meta.url));

/** glibc: memory that was freed is kept for what comes next, which is what a peer has that runs longer than one call. */
const WARM_MEMORY = 'glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1099511627776:glibc.malloc.top_pad=1073741824';

/**
 * Python with a package as a peer (python_peers.py): candidates by name and arguments, questions, and `versions`. The first
 * interpreter is taken that imports the package: of PYTHON, python3 and the system's. Null, after a line that says so, where
 * none does.
 *
 * @param {'numpy' | 'torch'} needed
 * @param {number} threads
 * @param {Record<string, string>} [environment] more of it, as OPENBLAS_CORETYPE
 */
export async function openPython(needed, threads, environment = {}) {
  const interpreters = process.env.PYTHON ? [process.env.PYTHON] : ['python3', '/usr/bin/python3'];
  const python = interpreters.find((command) => imports(command, needed));
  if (python === undefined) {
    console.error(
      `without Python's ${needed}: ${interpreters.join(', ')} import none; PYTHON names another interpreter`,
    );
    return null;
  }
  const limit = Object.fromEntries(['OMP', 'OPENBLAS', 'MKL'].map((name) => [`${name}_NUM_THREADS`, String(threads)]));
  const peer = new Peer(python, [script], { ...limit, GLIBC_TUNABLES: WARM_MEMORY, ...environment });
  const ask = (name, ...args) => peer.ask([name, ...args].join(' '));
  return {
    versions: JSON.parse(await ask('versions')),
    ask,
    candidate:
      (name, ...args) =>
      () =>
        peer.milliseconds([name, ...args].join(' ')),
    close: () => peer.close(),
  };
}

function imports(command, name) {
  try {
    execFileSync(command, ['-c', `import ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
