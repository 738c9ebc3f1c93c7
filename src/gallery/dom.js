// dom.js: making elements.  Texts of photos become text nodes and attributes, never HTML.

export const byId = id => document.getElementById(id);
export const plural = (number, word) => `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (key !== 'style') made.setAttribute(key, value);
  Object.assign(made.style, attributes.style); // an attribute of that name the page's policy forbids
  made.append(...children);
  return made;
}
