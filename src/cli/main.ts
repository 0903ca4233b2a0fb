#!/usr/bin/env node
import { InterruptedError } from '../errors.js';
import { runProgram } from './program.js';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Only the first one is caught: a second one ends the process at once.
  process.once(signal, () => interruption.abort(new InterruptedError('INTERRUPTED', `stopped by ${signal}`)));
}
// Writes report EPIPE to their caller; without a listener the event would end the process.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exitCode = await runProgram(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  signal: interruption.signal,
});
