// dom.js: making elements.  Texts of photos become text nodes and attributes, never HTML.

export const byId = id => document.getElementById(id);
export const plural = (number, word) => `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;

// Keys that do something, unless together with another one they are a command of the browser's.
export function onKeys(target, actions) {
  target.addEventListener('keydown', event => {
    if (!Object.hasOwn(actions, event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    actions[event.key]();
  });
}

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (key !== 'style') made.setAttribute(key, value);
  Object.assign(made.style, attributes.style); // an attribute of that name the page's policy forbids
  made.append(...children);
  return made;
}
