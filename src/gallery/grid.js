// grid.js: the photos as a justified grid, by month.  Only what is near the window is in the document, so that any number
// of photos scrolls smoothly.
import justifiedLayout from 'justified-layout';
import { thumbHashToDataURL } from 'thumbhash';
import { element, plural } from './dom.js';
import { monthsShown, nameOf, troubleOf } from './data.js';

const AHEAD = 800; // pixels above and below the window that are filled, too
const TOP = 110; // pixels that the bar and a heading take above what is scrolled to
const GAP = 6;
const FEW = 8; // photos: so few of a month share a section with those of its neighbours

function placeholder(photo) {
  try {
    return photo.thumbhash ? thumbHashToDataURL(Uint8Array.from(atob(photo.thumbhash), c => c.charCodeAt(0))) : null;
  } catch {
    return null;
  }
}

// The picture of a photo, or the reason why there is none.
export function pictureOf(photo) {
  if (!photo.thumbnail) {
    return element('span', { class: 'missing' }, element('strong', {}, photo.status), element('span', {}, troubleOf(photo)), element('span', { class: 'file' }, photo.file));
  }
  const picture = element('img', { alt: nameOf(photo), decoding: 'async', draggable: 'false' });
  const hash = placeholder(photo);
  if (hash) picture.style.backgroundImage = `url("${hash}")`;
  picture.src = photo.thumbnail;
  return picture;
}

export class Grid {
  // open(photo): a photo was chosen; seen(i): the month .months[i] is at the top of the window
  constructor(root, { open, seen }) {
    Object.assign(this, { root, seen, months: [], sections: [], photos: [], active: 0, width: 0 });
    addEventListener('scroll', () => this.fillSoon(), { passive: true });
    addEventListener('resize', () => this.fillSoon());
    new ResizeObserver(() => root.clientWidth !== this.width && this.layOut()).observe(root);
    // what stands above the grid may open and close
    new ResizeObserver(() => this.measure()).observe(document.body);
    root.addEventListener('click', event => {
      const item = event.target.closest('[data-number]');
      if (item) open(this.photos[Number(item.dataset.number)]);
    });
    root.addEventListener('focusin', event => {
      const item = event.target.closest('[data-number]');
      if (item) this.setActive(Number(item.dataset.number));
    });
    root.addEventListener('keydown', event => this.onKey(event));
  }

  show(photos) {
    this.photos = photos;
    this.active = 0;
    this.months = []; // with the number of their first photo
    photos.forEach(({ month }, number) => this.months.at(-1)?.name === month || this.months.push({ name: month, first: number }));
    this.sections = [];
    this.months.forEach(({ name, first }, i) => {
      const section = this.sections.at(-1);
      const added = photos.slice(first, this.months[i + 1]?.first);
      if (section && name && section.photos.length < FEW && added.length < FEW) {
        section.photos.push(...added);
        section.from = name;
      } else {
        this.sections.push({ to: name, from: name, first, photos: added, items: new Map() });
      }
    });
    this.root.replaceChildren(...this.sections.map(section => this.makeSection(section)));
    this.layOut();
  }

  makeSection(section) {
    const id = `month-${section.to || 'none'}`;
    section.list = element('ul', { role: 'list' });
    return element('section', { 'aria-labelledby': id },
      element('h2', { id }, monthsShown(section.from, section.to), element('span', {}, plural(section.photos.length, 'photo'))), section.list);
  }

  layOut() {
    this.width = this.root.clientWidth;
    if (this.width === 0) return;
    for (const section of this.sections) {
      const layout = justifiedLayout(section.photos.map(photo => photo.aspect), {
        containerWidth: this.width, containerPadding: 0, boxSpacing: GAP, targetRowHeight: this.width < 600 ? 130 : 210,
      });
      section.boxes = layout.boxes;
      section.list.style.height = `${layout.containerHeight}px`;
      section.list.replaceChildren();
      section.items.clear();
    }
    this.measure();
  }

  measure() {
    if (this.width === 0) return;
    for (const section of this.sections) section.top = section.list.getBoundingClientRect().top + scrollY;
    this.fill();
  }

  fillSoon() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.fill(); });
  }

  fill() {
    const from = scrollY - AHEAD;
    const to = scrollY + innerHeight + AHEAD;
    this.sections.forEach(section => this.fillSection(section, from - section.top, to - section.top));
    if (this.photos.length > 0) this.seen(Math.max(this.months.findLastIndex(({ first }) => this.boxOf(first).top <= scrollY + TOP + 10), 0));
  }

  fillSection(section, from, to) {
    const wanted = new Set();
    if (to > 0 && from < section.list.offsetHeight) section.boxes.forEach((box, i) => box.top < to && box.top + box.height > from && wanted.add(i));
    const kept = this.active - section.first; // the only one that Tab finds
    if (kept >= 0 && kept < section.boxes.length) wanted.add(kept);
    for (const [i, item] of section.items) if (!wanted.has(i)) { item.remove(); section.items.delete(i); }
    for (const i of wanted) {
      if (section.items.has(i)) continue;
      const item = this.makeItem(section, i);
      const next = [...section.list.children].find(other => Number(other.dataset.number) > section.first + i);
      section.list.insertBefore(item, next ?? null);
      section.items.set(i, item);
    }
  }

  makeItem(section, i) {
    const number = section.first + i;
    const box = section.boxes[i];
    const button = element('button', { type: 'button', class: 'photo', tabindex: number === this.active ? '0' : '-1' }, pictureOf(section.photos[i]));
    const item = element('li', { 'data-number': number, 'aria-setsize': section.photos.length, 'aria-posinset': i + 1 }, button);
    Object.assign(item.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px` });
    return item;
  }

  sectionOf(number) {
    return this.sections.findLast(section => section.first <= number);
  }

  buttonOf(number) {
    const section = this.sectionOf(number);
    return section?.items.get(number - section.first)?.firstChild;
  }

  setActive(number) {
    this.buttonOf(this.active)?.setAttribute('tabindex', '-1');
    this.active = number;
    this.buttonOf(number)?.setAttribute('tabindex', '0');
  }

  // Where a photo is in the document.
  boxOf(number) {
    const section = this.sectionOf(number);
    const box = section.boxes[number - section.first];
    return { top: section.top + box.top, bottom: section.top + box.top + box.height, middle: box.left + box.width / 2 };
  }

  focus(number) {
    if (!this.photos[number]) return;
    this.setActive(number);
    const { top, bottom } = this.boxOf(number);
    if (top < scrollY + TOP) scrollTo({ top: top - TOP });
    else if (bottom > scrollY + innerHeight - 20) scrollTo({ top: bottom - innerHeight + 20 });
    this.fill();
    this.buttonOf(number)?.focus({ preventScroll: true });
  }

  scrollToMonth(i) {
    scrollTo({ top: this.boxOf(this.months[i].first).top - TOP });
  }

  // The photo above or below: the nearest one in the next row.
  inNextRow(step) {
    const from = this.boxOf(this.active);
    let best = null;
    for (let i = this.active + step, row = null; this.photos[i]; i += step) {
      const box = this.boxOf(i);
      if (box.top === from.top || (row !== null && box.top !== row)) { if (row !== null) break; continue; }
      row = box.top;
      const distance = Math.abs(box.middle - from.middle);
      if (best === null || distance < best.distance) best = { i, distance };
    }
    return best?.i ?? this.active;
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !event.target.closest('[data-number]')) return;
    const moves = {
      ArrowLeft: () => this.active - 1, ArrowRight: () => this.active + 1,
      ArrowUp: () => this.inNextRow(-1), ArrowDown: () => this.inNextRow(1),
      Home: () => 0, End: () => this.photos.length - 1,
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    this.focus(Math.min(Math.max(moves[event.key](), 0), this.photos.length - 1));
  }
}
