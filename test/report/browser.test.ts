import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import { buildReport, readRun, reportHtml } from '../../src/report/index.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { poisonRuns } from './hostile-texts.js';
import { smallRuns } from './small-runs.js';

const NAMES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];
const chrome = [process.env.CHROME_PATH ?? '', ...NAMES].find((path) => path !== '' && existsSync(path));
/** Screenshots are kept for people to look at. */
const artefacts = fileURLToPath(new URL('../../artefacts/report/', import.meta.url));
const SIZES = [
  { width: 360, scheme: 'light' },
  { width: 360, scheme: 'dark' },
  { width: 1280, scheme: 'light' },
  { width: 1280, scheme: 'dark' },
] as const;

const script = readFileSync(new URL('page-facts.js', import.meta.url), 'utf8');

interface Facts {
  width: number;
  charts: { shown: number; marks: number; textHeight: number }[];
  ink: string;
  landmarks: number[];
  sectionsWithoutHeading: number;
  nameless: number;
  bareTables: number;
}

if (chrome === undefined) console.warn('No Chromium here (set CHROME_PATH): the report is not opened in a browser.');

describe.skipIf(chrome === undefined)('the report in a browser', () => {
  const folder = temporaryFolder();
  const seen = { console: [] as string[], requests: [] as string[] };
  let browser: Browser;
  let page: Page;
  const facts = async () => (await page.evaluate(script)) as Facts;

  beforeAll(async () => {
    const { runs, log } = await smallRuns(folder);
    const read = await Promise.all(runs.map((path) => readRun(path)));
    const html = await reportHtml(
      await buildReport(read, { title: 'A small world', log: await LoggedDataset.open(log) }),
    );
    await writeFile(join(folder, 'report.html'), html);
    await mkdir(artefacts, { recursive: true });
    await writeFile(join(artefacts, 'report.html'), html);
    browser = await puppeteer.launch({ executablePath: chrome!, args: ['--no-sandbox', '--disable-gpu'] });
    page = await browser.newPage();
    page.on('console', (message) => seen.console.push(message.text()));
    page.on('pageerror', (error) => seen.console.push(String(error)));
    page.on('request', (request) => seen.requests.push(request.url()));
    await page.goto(pathToFileURL(join(folder, 'report.html')).href);
  });
  afterAll(() => browser?.close());

  it.each(SIZES)('fits $width px, $scheme, with marks in every chart', async ({ width, scheme }) => {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.setViewport({ width, height: 900 });
    const found = await facts();
    expect(found.width).toBe(width);
    expect(found.charts.length).toBeGreaterThan(15);
    for (const { shown, marks, textHeight } of found.charts) {
      expect(shown).toBe(1);
      expect(marks).toBeGreaterThan(0);
      expect(textHeight).toBeGreaterThan(9);
    }
    expect(found.ink).toBe(scheme === 'dark' ? 'rgb(232, 234, 237)' : 'rgb(26, 29, 33)');
    await page.screenshot({ path: join(artefacts, `${width}-${scheme}.png`) as `${string}.png`, fullPage: true });
  });

  it('asks for nothing, reports no error, and runs no text of a log', async () => {
    expect(seen.requests.filter((url) => !url.startsWith('data:'))).toEqual([
      pathToFileURL(join(folder, 'report.html')).href,
    ]);
    expect(seen.console).toEqual([]);
    expect(await page.title()).toBe('A small world');
  });

  it('does nothing that its texts say, whichever they are', async () => {
    const { runs, log } = await smallRuns(join(folder, 'poisoned'));
    expect(await poisonRuns(runs)).toBeGreaterThan(40);
    const read = await Promise.all(runs.map((path) => readRun(path)));
    const title = '</title><script>document.title="taken"</script>';
    const html = await reportHtml(await buildReport(read, { title, log: await LoggedDataset.open(log) }));
    await writeFile(join(folder, 'poisoned.html'), html);
    const poisoned = await browser.newPage();
    const events: string[] = [];
    poisoned.on('console', (message) => events.push(message.text()));
    poisoned.on('pageerror', (error) => events.push(String(error)));
    poisoned.on('request', (request) => events.push(request.url()));
    poisoned.on('dialog', (dialog) => events.push(dialog.message()));
    const address = pathToFileURL(join(folder, 'poisoned.html')).href;
    await poisoned.goto(address);
    await poisoned.mouse.move(300, 300);
    await poisoned.keyboard.press('Tab');
    expect(events.filter((event) => !event.startsWith('data:'))).toEqual([address]);
    expect(await poisoned.title()).toBe(title);
    const dangerous =
      "document.querySelectorAll('script, iframe, img, form, input, base, object, embed, meta[http-equiv=refresh]').length";
    expect(await poisoned.evaluate(dangerous)).toBe(0);
    const handlers =
      "[...document.querySelectorAll('*')].flatMap((each) => [...each.attributes]).filter(({ name, value }) => name.startsWith('on') || /^\\s*javascript:/i.test(value)).length";
    expect(await poisoned.evaluate(handlers)).toBe(0);
    await poisoned.close();
  });

  it('has landmarks, one heading of each section, and names for all that takes the focus', async () => {
    const { landmarks, sectionsWithoutHeading, nameless, bareTables } = await facts();
    expect(landmarks).toEqual([1, 1, 1, 1]);
    expect({ sectionsWithoutHeading, nameless, bareTables }).toEqual({
      sectionsWithoutHeading: 0,
      nameless: 0,
      bareTables: 0,
    });
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
  });
});
