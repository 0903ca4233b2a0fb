/** @file What a report looks like from inside a browser; evaluated there as one expression. */
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const box = (element) => element.getBoundingClientRect();
  for (const details of all('details')) details.open = true;
  const charts = all('.panel').map((panel) => {
    const shown = all('svg', panel).filter((svg) => box(svg).width > 0);
    const marks = shown.flatMap((svg) => all('[class*="role-mark"] :is(path, line, rect)', svg));
    return {
      shown: shown.length,
      marks: marks.filter((mark) => box(mark).width > 0 || box(mark).height > 0).length,
      textHeight: Math.min(...shown.flatMap((svg) => all('text', svg)).map((text) => box(text).height)),
    };
  });
  return {
    width: document.documentElement.scrollWidth,
    charts,
    ink: getComputedStyle(document.querySelector('.panel svg text[fill="var(--ink)"]')).fill,
    landmarks: ['header', 'nav', 'main', 'footer'].map((name) => all(name).length),
    sectionsWithoutHeading: all('section').filter((section) => all('h2', section).length !== 1).length,
    nameless: all('svg[role="img"], [role="region"], nav').filter((each) => !each.getAttribute('aria-label')).length,
    bareTables: all('table').filter((table) => !table.caption || all('th[scope="row"]', table).length === 0).length,
  };
})();
