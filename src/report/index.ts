/** @file Results as something that people look at: docs/report.md. */
export { buildReport, type ReportOptions } from './build.js';
export { figureSvg } from './charts/figure-svg.js';
export { readRun } from './inputs/read.js';
export type { Run } from './inputs/run.js';
export type { Report } from './model.js';
export { csvFiles, svgFiles } from './render/files.js';
export { reportHtml } from './render/html.js';
export { reportJson } from './render/json.js';
export { reportMarkdown } from './render/markdown.js';
export { sensitivityFigure, studyFigure } from './sections/robustness.js';
