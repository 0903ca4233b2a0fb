import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const usage = fileURLToPath(new URL('./usage.cjs', import.meta.url));

/**
 * Runs Node with these arguments to its end. Throws when it fails.
 *
 * @returns {{ stdout: string, ms: number, megabytes: number }} processor time and peak memory of the process
 */
export function runNode(args, options = {}) {
  const { status, stdout, stderr, output } = spawnSync(process.execPath, ['--require', usage, ...args], {
    encoding: 'utf8',
    ...options,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`);
  return { stdout, ...JSON.parse(output[3]) };
}
