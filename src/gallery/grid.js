// grid.js: the photos as a justified grid, month by month.  Only what is near the window is in the document, so that any number
// of photos scrolls smoothly.
import justifiedLayout from 'justified-layout';
import { thumbHashToDataURL } from 'thumbhash';
import { element, plural } from './dom.js';
import { monthShown, nameOf, troubleOf } from './data.js';

const AHEAD = 800; // pixels above and below the window that are filled, too
const GAP = 6;

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
  // open(photo): a photo was chosen; seen(month): its number in .months, when another one is at the top of the window
  constructor(root, { open, seen }) {
    Object.assign(this, { root, seen, months: [], photos: [], active: 0, width: 0 });
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
    this.months = [];
    photos.forEach((photo, number) => {
      let month = this.months.at(-1);
      if (!month || month.name !== photo.month) this.months.push(month = { name: photo.month, first: number, photos: [], items: new Map() });
      month.photos.push(photo);
    });
    this.root.replaceChildren(...this.months.map(month => this.makeSection(month)));
    this.layOut();
  }

  makeSection(month) {
    const id = `month-${month.name || 'none'}`;
    month.list = element('ul', { role: 'list' });
    return element('section', { 'aria-labelledby': id },
      element('h2', { id }, monthShown(month.name), element('span', {}, plural(month.photos.length, 'photo'))), month.list);
  }

  layOut() {
    this.width = this.root.clientWidth;
    if (this.width === 0) return;
    for (const month of this.months) {
      const layout = justifiedLayout(month.photos.map(photo => photo.aspect), {
        containerWidth: this.width, containerPadding: 0, boxSpacing: GAP, targetRowHeight: this.width < 600 ? 130 : 210,
      });
      month.boxes = layout.boxes;
      month.list.style.height = `${layout.containerHeight}px`;
      month.list.replaceChildren();
      month.items.clear();
    }
    this.measure();
  }

  measure() {
    for (const month of this.months) month.top = month.list.getBoundingClientRect().top + scrollY;
    this.fill();
  }

  fillSoon() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.fill(); });
  }

  fill() {
    const from = scrollY - AHEAD;
    const to = scrollY + innerHeight + AHEAD;
    this.months.forEach(month => month.boxes && this.fillMonth(month, from - month.top, to - month.top));
    const at = this.months.findLastIndex(month => month.top <= scrollY + 120);
    if (this.months.length > 0) this.seen(Math.max(at, 0));
  }

  fillMonth(month, from, to) {
    const wanted = new Set();
    if (to > 0 && from < month.list.offsetHeight) month.boxes.forEach((box, i) => box.top < to && box.top + box.height > from && wanted.add(i));
    const kept = this.active - month.first; // the only one that Tab finds
    if (kept >= 0 && kept < month.boxes.length) wanted.add(kept);
    for (const [i, item] of month.items) if (!wanted.has(i)) { item.remove(); month.items.delete(i); }
    for (const i of wanted) {
      if (month.items.has(i)) continue;
      const item = this.makeItem(month, i);
      const next = [...month.list.children].find(other => Number(other.dataset.number) > month.first + i);
      month.list.insertBefore(item, next ?? null);
      month.items.set(i, item);
    }
  }

  makeItem(month, i) {
    const number = month.first + i;
    const box = month.boxes[i];
    const button = element('button', { type: 'button', class: 'photo', tabindex: number === this.active ? '0' : '-1' }, pictureOf(month.photos[i]));
    const item = element('li', { 'data-number': number, 'aria-setsize': month.photos.length, 'aria-posinset': i + 1 }, button);
    Object.assign(item.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px` });
    return item;
  }

  monthOf(number) {
    return this.months.findLast(month => month.first <= number);
  }

  buttonOf(number) {
    const month = this.monthOf(number);
    return month?.items.get(number - month.first)?.firstChild;
  }

  setActive(number) {
    this.buttonOf(this.active)?.setAttribute('tabindex', '-1');
    this.active = number;
    this.buttonOf(number)?.setAttribute('tabindex', '0');
  }

  // Where a photo is in the document.
  boxOf(number) {
    const month = this.monthOf(number);
    const box = month.boxes[number - month.first];
    return { top: month.top + box.top, bottom: month.top + box.top + box.height, middle: box.left + box.width / 2 };
  }

  focus(number) {
    if (!this.photos[number]) return;
    this.setActive(number);
    const { top, bottom } = this.boxOf(number);
    if (top < scrollY + 100) scrollTo({ top: top - 100 });
    else if (bottom > scrollY + innerHeight - 20) scrollTo({ top: bottom - innerHeight + 20 });
    this.fill();
    this.buttonOf(number)?.focus({ preventScroll: true });
  }

  scrollToMonth(at) {
    scrollTo({ top: Math.max(this.months[at].top - 110, 0) });
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
