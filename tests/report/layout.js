// What a reader would trip over on the page as it is laid out: an object with a list of complaints for each kind.
// It is given the least size of text in pixels, in the page and in its plots.
((leastText, leastLabel) => {
  const told = { wide: [], small: [], overlapping: [], cut: [], pale: [] };
  const name = (element) => {
    const text = (element.textContent || '').trim().replace(/\s+/g, ' ').slice(0, 40);
    return `${element.tagName.toLowerCase()} "${text}"`;
  };
  const visible = (element) => element.checkVisibility() && element.getClientRects().length > 0;
  const ownText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const overlap = (one, other) =>
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 &&
    Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1;

  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) told.wide.push(`${root.scrollWidth} > ${root.clientWidth}`);

  // Colours as numbers, over whatever lies below.
  const color = (text) => {
    const parts = (text.match(/[\d.]+/g) || []).map(Number);
    return { rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = color(getComputedStyle(at).backgroundColor);
      if (found.alpha > 0) return found.rgb;
    }
    return [255, 255, 255];
  };
  const contrast = (one, other) => {
    const [a, b] = [luminance(one), luminance(other)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };

  let texts = 0;
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest('title, desc') || !visible(element) || !ownText(element)) continue;
    texts += 1;
    const style = getComputedStyle(element);
    const svg = element.closest('svg');
    const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    const size = parseFloat(style.fontSize) * scale;
    if (size < (svg ? leastLabel : leastText)) told.small.push(`${name(element)} ${size.toFixed(1)} px`);
    const ink = color(svg ? style.fill : style.color).rgb;
    const found = contrast(ink, ground(element));
    if (found < 4.5) told.pale.push(`${name(element)} ${found.toFixed(2)}`);
  }

  for (const svg of document.querySelectorAll('svg')) {
    if (!visible(svg)) continue;
    const box = svg.getBoundingClientRect();
    const written = [...svg.querySelectorAll('text')].map((text) => [text, text.getBoundingClientRect()]);
    written.forEach(([text, rect], index) => {
      const out = rect.left < box.left - 1 || rect.right > box.right + 1 ||
        rect.top < box.top - 1 || rect.bottom > box.bottom + 1;
      if (out) told.cut.push(`${svg.querySelector('title').textContent}: ${name(text)}`);
      for (const [other, rectOfOther] of written.slice(index + 1)) {
        if (overlap(rect, rectOfOther)) {
          told.overlapping.push(`${svg.querySelector('title').textContent}: ${name(text)} ${name(other)}`);
        }
      }
    });
  }

  // What stands beside each other in the page, and what is wider than its own box.
  const blocks = 'h1, h2, h3, h4, p, ul, li, dl, dt, dd, figure, figcaption, svg, details, summary, section, ' +
    'header, main, footer, .scroll, .night, .plots, td, th, caption, tr, .legend > span';
  for (const parent of document.querySelectorAll('body, body *')) {
    if (parent.closest('svg') || !visible(parent)) continue;
    const own = [...parent.children].filter((child) => child.matches(blocks) && visible(child));
    // A hundred rows of a table are a hundred times the same.
    const near = own.slice(0, 60);
    near.forEach((child, index) => {
      for (const other of near.slice(index + 1)) {
        if (overlap(child.getBoundingClientRect(), other.getBoundingClientRect())) {
          told.overlapping.push(`${name(child)} ${name(other)}`);
        }
      }
    });
    if (parent.matches('td, th, p, li, dd, dt, figcaption, summary') && parent.scrollWidth > parent.clientWidth + 1) {
      told.cut.push(name(parent));
    }
  }
  return { ...told, texts, plots: document.querySelectorAll('svg').length };
})
