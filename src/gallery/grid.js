// grid.js: the photos as a justified grid, by month.  Only what is near the window is in the document, and asked for, so that any number
// of photos scrolls smoothly.
import justifiedLayout from 'justified-layout';
import { thumbHashToDataURL } from 'thumbhash';
import { element, onKeys, plural } from './dom.js';
import { monthsShown, nameOf, troubleOf } from './data.js';

const AHEAD = 800; // pixels above and below the window that are filled, too
const [BAR, TOP] = [60, 110]; // pixels at the top of the window that the bar takes, and a heading, too
const GAP = 6;
const FEW = 8; // photos: so few of a month share a section with those of its neighbours

function placeholder({ thumbhash }) {
  try { return thumbhash && thumbHashToDataURL(Uint8Array.from(atob(thumbhash), c => c.charCodeAt(0))); } catch { return null; }
}

const missing = (photo, reason, status = '') => (
  element('span', { class: 'missing' }, element('strong', {}, status), element('span', {}, reason), element('span', { class: 'file' }, photo.file)));

// The picture of a photo, or the reason why there is none.
export function pictureOf(photo) {
  if (!photo.thumbnail) return missing(photo, troubleOf(photo), photo.status);
  const picture = element('img', { alt: nameOf(photo), decoding: 'async', draggable: 'false' });
  const hash = placeholder(photo);
  if (hash) picture.style.backgroundImage = `url("${hash}")`;
  picture.addEventListener('error', () => picture.replaceWith(missing(photo, 'the thumbnail cannot be loaded')));
  picture.src = photo.thumbnail;
  return picture;
}

export class Grid {
  // more(section): add photos that it lacks, and tell if there were any; open(i): a photo was chosen; seen(i): a month is at the window's top
  constructor(root, { more, open, seen }) {
    Object.assign(this, { root, more, seen, months: [], sections: [], active: 0, width: 0 });
    addEventListener('scroll', () => this.fillSoon(), { passive: true });
    addEventListener('resize', () => this.fillSoon());
    new ResizeObserver(() => root.clientWidth !== this.width && this.layOut()).observe(root);
    // what stands above the grid may open and close
    new ResizeObserver(() => this.measure()).observe(document.body);
    const on = (type, act) => root.addEventListener(type, ({ target }) => target.closest('li') && act(Number(target.closest('li').dataset.number)));
    on('click', open);
    on('focusin', number => this.setActive(number));
    const go = number => () => this.count > 0 && this.focus(Math.min(Math.max(number(), 0), this.count - 1));
    onKeys(root, { ArrowLeft: go(() => this.active - 1), ArrowRight: go(() => this.active + 1), ArrowUp: go(() => this.inNextRow(-1)), ArrowDown: go(() => this.inNextRow(1)),
      Home: go(() => 0), End: go(() => this.count - 1) });
  }

  get count() { return this.sections.length > 0 ? this.sections.at(-1).first + this.sections.at(-1).count : 0; }

  show(months) {
    this.active = 0;
    this.months = []; // with the number of their first photo, and their section
    this.sections = [];
    for (const month of months) {
      const first = this.count;
      let section = this.sections.at(-1);
      if (section && month.name && section.count < FEW && month.count < FEW) {
        section.photos.push(...month.photos);
        section.count += month.count;
        section.from = month.name;
      } else {
        section = { ...month, to: month.name, from: month.name, first, boxes: [], items: new Map() };
        this.sections.push(section);
      }
      this.months.push({ name: month.name, first, section });
    }
    this.root.replaceChildren(...this.sections.map(section => this.makeSection(section)));
    this.layOut();
  }

  makeSection(section) {
    const id = `month-${section.to || 'none'}`;
    section.list = element('ul', { role: 'list' });
    return element('section', { 'aria-labelledby': id },
      element('h2', { id }, monthsShown(section.from, section.to), element('span', {}, section.open ? '' : plural(section.count, 'photo'))), section.list);
  }

  // For the width that there is now; what was at the window's top stays there.
  layOut() {
    const shown = this.sections.find(({ top, height }) => top + height > scrollY + TOP);
    const kept = shown && shown.first + Math.max(shown.boxes.findIndex(box => shown.top + box.top + box.height > scrollY + TOP), 0);
    this.width = this.root.clientWidth;
    if (this.width === 0) return;
    this.rowHeight = this.width < 600 ? 130 : 210;
    for (const section of this.sections) this.extend(Object.assign(section, { whole: 0, next: 0 }));
    this.measure();
    if (kept > 0) scrollTo({ top: this.boxOf(kept).top - TOP });
  }

  // Boxes of the photos that have come, behind those of .whole rows, of which .next is the next; the others get room by an estimate.
  extend(section) {
    const layout = justifiedLayout(section.photos.slice(section.whole).map(photo => photo.aspect), {
      containerWidth: this.width, containerPadding: 0, boxSpacing: GAP, targetRowHeight: this.rowHeight,
    });
    section.boxes = section.boxes.slice(0, section.whole).concat(layout.boxes.map(box => ({ ...box, top: box.top + section.next })));
    section.bottom = section.next + layout.containerHeight;
    section.whole = section.boxes.length - layout.widowCount;
    section.next = section.boxes[section.whole]?.top ?? section.bottom + (layout.boxes.length > 0 ? GAP : 0);
    const inRow = Math.max(this.width / (this.rowHeight * 4 / 3 + GAP), 1);
    section.height = section.bottom + Math.ceil((section.count - section.boxes.length) / inRow) * (this.rowHeight + GAP);
    Object.assign(section.list.style, { height: `${section.height}px`, backgroundImage: `linear-gradient(transparent ${section.bottom}px, var(--tile) 0)` });
    for (const [i, item] of section.items) this.place(item, section.boxes[i]);
  }

  // More photos for a section, one page at a time; tells if there were any.
  async need(section) {
    section.list.ariaBusy = 'true';
    section.coming ??= this.more(section).finally(() => { section.coming = null; section.list.ariaBusy = 'false'; });
    if (!await section.coming || !this.sections.includes(section)) return false;
    this.extend(section);
    this.measure();
    return true;
  }

  // A photo, once it is there.
  async get(number) {
    const section = this.sectionOf(number);
    const lacks = ({ first, photos, count }) => photos.length <= number - first && photos.length < count;
    while (section && lacks(section) && await this.need(section)) { /* the next page */ }
    return section?.photos[number - section.first];
  }

  measure() {
    if (this.width === 0) return;
    for (const section of this.sections) section.top = section.list.getBoundingClientRect().top + scrollY;
    this.fill();
  }
  fillSoon() { this.frame ??= requestAnimationFrame(() => { this.frame = null; this.fill(); }); }

  fill() {
    for (const section of this.sections) {
      this.fillSection(section, scrollY - AHEAD - section.top, scrollY + innerHeight + AHEAD - section.top);
      const isSeen = section.top + section.height > scrollY + BAR && section.top + section.bottom < scrollY + innerHeight + AHEAD;
      if (isSeen && section.photos.length < section.count && !section.coming) this.need(section);
    }
    if (this.count > 0) this.seen(Math.max(this.months.findLastIndex(({ first, section }) => this.boxOf(first, section).top <= scrollY + TOP + 10), 0));
  }

  fillSection(section, from, to) {
    const wanted = new Set();
    if (to > 0 && from < section.height) section.boxes.forEach((box, i) => box.top < to && box.top + box.height > from && wanted.add(i));
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
    const button = element('button', { type: 'button', class: 'photo', tabindex: number === this.active ? '0' : '-1' }, pictureOf(section.photos[i]));
    const item = element('li', { 'data-number': number, 'aria-setsize': section.open ? -1 : section.count, 'aria-posinset': i + 1 }, button);
    this.place(item, section.boxes[i]);
    return item;
  }

  place(item, box) { for (const side of ['left', 'top', 'width', 'height']) item.style[side] = `${box[side]}px`; }

  sectionOf(number) { return this.sections.findLast(section => section.first <= number); }
  buttonOf(number) {
    const section = this.sectionOf(number);
    return section?.items.get(number - section.first)?.firstChild;
  }

  setActive(number) {
    this.buttonOf(this.active)?.setAttribute('tabindex', '-1');
    this.active = number;
    this.buttonOf(number)?.setAttribute('tabindex', '0');
  }

  // Where a photo is in the document, or will be.
  boxOf(number, section = this.sectionOf(number)) {
    const i = number - section.first;
    const share = (i - section.boxes.length) / (section.count - section.boxes.length);
    const box = section.boxes[i] ?? { left: 0, width: this.width, height: this.rowHeight, top: section.bottom + share * (section.height - section.bottom) };
    return { top: section.top + box.top, bottom: section.top + box.top + box.height, middle: box.left + box.width / 2 };
  }

  async focus(number) {
    if (!await this.get(number)) return;
    this.setActive(number);
    const { top, bottom } = this.boxOf(number);
    scrollTo({ top: Math.min(Math.max(scrollY, bottom - innerHeight + 20), top - TOP) });
    this.fill();
    this.buttonOf(number)?.focus({ preventScroll: true });
  }

  scrollToMonth(i) { scrollTo({ top: this.boxOf(this.months[i].first).top - TOP }); }

  // The photo above or below: the nearest one in the next row, which is among so many.
  inNextRow(step) {
    const { top, middle } = this.boxOf(this.active);
    const numbers = Array.from({ length: 100 }, (_, i) => this.active + (i + 1) * step).filter(number => number >= 0 && number < this.count);
    const row = numbers.map(number => ({ number, ...this.boxOf(number) })).filter((box, _, boxes) => box.top === boxes.find(other => other.top !== top)?.top);
    return row.sort((a, b) => Math.abs(a.middle - middle) - Math.abs(b.middle - middle))[0]?.number ?? this.active;
  }
}
