/** How the page makes its elements, and brings what it shows up to date. A part of its script. */
export const elements: string = /* js */ `
const svgNames = new Set(['svg', 'rect', 'path', 'line', 'text']);

/** An element; attributes that are undefined are left out, children are elements or text. */
function make(name, attributes, ...children) {
  const element = svgNames.has(name) ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(key, value);
  element.append(...children.flat().filter((child) => child !== undefined));
  return element;
}

/** Makes the children of \`old\` those of \`next\`, and keeps what is the same: focus and selection outlive each look. */
function adopt(old, next) {
  const wanted = new Set([...next.children].map((child) => child.dataset.key));
  const keyed = new Map();
  for (const child of [...old.children]) {
    const { key } = child.dataset;
    if (key === undefined) continue;
    if (wanted.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let at = old.firstChild;
  for (const child of [...next.childNodes]) {
    const key = child.dataset?.key;
    const same = key === undefined ? at : keyed.get(key);
    keyed.delete(key);
    if (!same || same.nodeName !== child.nodeName || same.dataset?.key !== key) {
      old.insertBefore(child, at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    if (same.nodeType === Node.TEXT_NODE) {
      if (same.data !== child.data) same.data = child.data;
      continue;
    }
    // Whoever reads it opened or closed it.
    if (same.nodeName === 'DETAILS') child.toggleAttribute('open', same.open);
    for (const name of same.getAttributeNames()) if (!child.hasAttribute(name)) same.removeAttribute(name);
    for (const name of child.getAttributeNames()) {
      const value = child.getAttribute(name);
      if (same.getAttribute(name) !== value) same.setAttribute(name, value);
    }
    adopt(same, child);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}
`;
