/**
 * Runs command lines one after the other, as its parent sends them, and answers each with what came of it. Memory is that of this
 * process at its highest, so whoever asks sees which command needed it.
 */
import { runProgram } from '../../../dist/cli/program.js';

process.on('message', async (argv) => {
  let stderr = '';
  const quiet = { write: (_, callback) => callback?.() };
  const begun = { wall: performance.now(), cpu: process.cpuUsage() };
  const exitCode = await runProgram(argv, {
    stdout: quiet,
    stderr: { write: (text) => (stderr += text) },
    environment: {},
    signal: new AbortController().signal,
  });
  const { user, system } = process.cpuUsage(begun.cpu);
  process.send({
    exitCode,
    stderr,
    seconds: (performance.now() - begun.wall) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    polluted: Object.keys(Object.prototype).length > 0 || {}.polluted !== undefined,
  });
});
