import { crc32 } from 'node:zlib';

/**
 * A line of a score or generation file with the CRC-32 of its JSON, in 8 hexadecimal digits. It is of the values in the order of the
 * format, not of the bytes: other tools may print a line in another way.
 */
export function withChecksum<T extends object>(line: T): T & { crc32: string } {
  return { ...line, crc32: checksumOf(JSON.stringify(line)) };
}

/** The end of a line as it is written here. */
const FIELD = ',"crc32":"00000000"}';

/**
 * What is wrong with a line that has this checksum; null where it has none, or the right one.
 *
 * @param text from which `line` was parsed
 */
export function checksumProblem(line: object, expected: unknown, text: string): string | null {
  if (expected === undefined) return null;
  // Bytes that are right have the right values, and cost a third of printing these.
  if (text.endsWith(`,"crc32":"${expected}"}`) && checksumOf(`${text.slice(0, -FIELD.length)}}`) === expected)
    return null;
  const got = checksumOf(JSON.stringify(line));
  if (got === expected) return null;
  const todo = 'restore the file from a copy, or delete the line and run the command that wrote it again';
  return `the line is not as it was written: its CRC-32 is ${got}, but it says ${expected}; ${todo}`;
}

function checksumOf(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}
