// Evaluated in a page by report_browser.py: what is wrong with it.
(() => {
  const problems = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  all('details').forEach((details) => { details.open = true; });

  // Structure.
  if (!document.documentElement.lang) problems.push('no language');
  if (!document.querySelector('meta[name=viewport]')) problems.push('no viewport');
  if (all('script, iframe, object, embed, link, img').length > 0) problems.push('something that loads or runs');
  let level = 0;
  for (const heading of all('h1, h2, h3, h4, h5, h6')) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) problems.push(`heading level ${next} after ${level}`);
    level = next;
  }
  if (all('h1').length !== 1) problems.push('not one h1');
  const ids = all('[id]').map((element) => element.id);
  if (new Set(ids).size !== ids.length) problems.push('an id twice');
  for (const attribute of ['aria-labelledby', 'aria-describedby']) {
    for (const element of all(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(' ')) {
        if (!ids.includes(id)) problems.push(`${attribute} without a target`);
      }
    }
  }
  for (const figure of all('figure')) {
    if (!figure.querySelector(':scope > figcaption')) problems.push('a figure without a caption');
    if (figure.querySelector('svg[role=img]') && !figure.querySelector('details table')) {
      problems.push('a chart without a table');
    }
  }
  for (const table of all('table')) if (!table.caption) problems.push('a table without a caption');
  for (const header of all('th')) if (!header.scope) problems.push('a header cell without a scope');
  for (const element of all('body *')) {
    const scrolls = getComputedStyle(element).overflowX === 'auto' && element.scrollWidth > element.clientWidth;
    if (scrolls && element.tabIndex < 0) problems.push('scrolls, but not by keyboard');
  }

  // Width.
  const wide = document.documentElement.scrollWidth;
  if (wide > document.documentElement.clientWidth) {
    problems.push(`overflow: ${wide} in ${document.documentElement.clientWidth}`);
  }

  // Contrast.
  const color = (text) => {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return {channels: [red, green, blue], alpha};
  };
  const luminance = (channels) => {
    const [red, green, blue] = channels.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const {channels, alpha} = color(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return channels;
      if (alpha > 0) problems.push('a ground that is seen through, which cannot be judged');
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const low = new Set();
  let judged = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest('svg, style')) continue;
    const style = getComputedStyle(element);
    if (style.visibility === 'hidden') continue;
    const ink = color(style.color);
    const pair = [luminance(ink.channels), luminance(ground(element))].sort((a, b) => a - b);
    const ratio = (pair[1] + 0.05) / (pair[0] + 0.05);
    ++judged;
    if (ink.alpha < 1 || style.opacity !== '1') problems.push('a text that is seen through');
    if (ratio < 4.5) low.add(`contrast ${ratio.toFixed(2)}: ${texts.currentNode.data.trim().slice(0, 30)}`);
  }
  if (judged < 10) problems.push('hardly any text');
  problems.push(...low);

  return {
    problems: [...new Set(problems)],
    ground: luminance(ground(document.body)),
    images: all('svg[role=img]').length,
    title: document.title,
  };
})()
