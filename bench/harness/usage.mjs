/** Preloaded into a process (node --import) whose peak memory and processor time are measured: writes them to POPE_BENCH_USAGE. */
import { writeFileSync } from 'node:fs';

process.on('exit', () => writeFileSync(process.env.POPE_BENCH_USAGE, JSON.stringify(process.resourceUsage())));
