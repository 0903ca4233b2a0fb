import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Peer } from './peer.mjs';

const script = fileURLToPath(new URL('python_peers.py', import.meta.url));

/** glibc: memory that was freed is kept for what comes next, which is what a peer has that runs longer than one call. */
const WARM_MEMORY = 'glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1099511627776:glibc.malloc.top_pad=1073741824';

/** What an interpreter has to get through. Attention with grouped queries came with torch 2.5. */
const NEEDED = {
  numpy: 'import numpy',
  torch: 'import torch; assert tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 5)',
};

/**
 * Python with a package as a peer (python_peers.py): candidates by name and arguments, questions, and `versions`. The first
 * interpreter is taken that has the package (torch from 2.5 on): of PYTHON, python3 and the system's. Null, after a line that
 * says so, where none has.
 *
 * @param {keyof typeof NEEDED} needed
 * @param {number} threads
 * @param {Record<string, string>} [environment] more of it, as OPENBLAS_CORETYPE
 */
export async function openPython(needed, threads, environment = {}) {
  const interpreters = process.env.PYTHON ? [process.env.PYTHON] : ['python3', '/usr/bin/python3'];
  const python = interpreters.find((command) => runs(command, NEEDED[needed]));
  if (python === undefined) {
    console.error(
      `without Python's ${needed}: none in ${interpreters.join(', ')} (${NEEDED[needed]}); PYTHON names another`,
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

function runs(python, script) {
  try {
    execFileSync(python, ['-c', script], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
