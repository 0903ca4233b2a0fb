import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { packageRoot } from '../../src/native/loader.js';
import { readPage } from './fences.js';

/** Links of a page, inside this repository, to files or headings that do not exist. */
export function brokenLinks(page: string): string[] {
  const links = readPage(page).matchAll(/\]\(([^)\s:]+)\)/g);
  return Array.from(links, ([, link]) => link!).filter((link) => {
    const [path, heading] = link.split('#');
    const target = path === '' ? page : normalize(join(dirname(page), path!));
    if (!existsSync(join(packageRoot, target))) return true;
    return heading !== undefined && !anchorsOf(target).has(heading);
  });
}

/** What GitHub calls the headings of a page. */
function anchorsOf(page: string): Set<string> {
  const headings = readPage(page).matchAll(/^#+ (.*)$/gm);
  return new Set(
    Array.from(headings, ([, text]) =>
      text!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
