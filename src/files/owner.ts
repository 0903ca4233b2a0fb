import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** The process that holds an output, as its lock file says it. */
export interface Owner {
  pid: number;
  host: string;
  /** Which of the host's processes a pid names: containers count their own. Null where that is not known. */
  namespace: string | null;
  /** When the process began, in clock ticks since the host did, which tells it from a later one with its pid. */
  started: string | null;
  /** What it runs, without the values of its flags. */
  command: string;
}

/** Null for anything but what `thisOwner` describes. */
export function parseOwner(text: string): Owner | null {
  try {
    const { pid, host, namespace, started, command } = JSON.parse(text) as Record<keyof Owner, unknown>;
    const areTexts = [host, namespace ?? '', started ?? '', command].every((value) => typeof value === 'string');
    return areTexts && Number.isSafeInteger(pid) && (pid as number) > 0
      ? ({ pid, host, namespace, started, command } as Owner)
      : null;
  } catch {
    return null;
  }
}

/** This process. */
export function thisOwner(): Owner {
  const [, script = 'node', command = ''] = process.argv;
  const name = /[\\/]cli[\\/]main\.js$|[\\/]pope$/.test(script) ? `pope ${command}`.trim() : 'a program of your own';
  return { pid: process.pid, host: hostname(), namespace: namespace(), started: startOf(process.pid), command: name };
}

/** 'unknown' for a process of another machine or container, which cannot be seen from here. */
export function stateOf({ pid, host, namespace: space, started }: Owner): 'alive' | 'dead' | 'unknown' {
  if (host !== hostname() || space !== namespace()) return 'unknown';
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'dead';
  }
  return started === startOf(pid) ? 'alive' : 'dead';
}

function namespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

/** Null where there is no /proc. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22 of proc(5); the name before it, in brackets, may have blanks and brackets in it. A zombie does nothing any more.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? 'ended' : fields[18]!;
  } catch {
    return null;
  }
}
