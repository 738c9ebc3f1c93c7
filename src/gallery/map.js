// map.js: where the photos were taken, in clusters on an outline of the world, in Web Mercator (x and y from 0 to 1).
import { element, plural } from './dom.js';
import { placeShown } from './data.js';
import outline from 'world-outline'; // a path in a square of 4096, made by the bundler

const SQUARE = 4096;
const TILE = 512; // pixels that the world is wide at zoom 0
const MAX_ZOOM = 15;
const STEP = 60; // pixels that an arrow key moves it

export const xOf = longitude => longitude / 360 + 0.5;
export const yOf = latitude => {
  const sine = Math.sin(latitude * Math.PI / 180);
  return Math.min(Math.max(0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI), 0), 1);
};
export const longitudeOf = x => (x - 0.5) * 360;
export const latitudeOf = y => 360 / Math.PI * Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) - 90;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export class PhotoMap {
  // pick(area, name): a cluster was chosen
  constructor(root, pick) {
    Object.assign(this, { root, pick, x: 0.5, y: 0.5, zoom: 0, clusters: [], markers: new Map(), picked: null, pointers: new Map() });
    this.group = root.querySelector('g');
    this.layer = root.querySelector('.markers');
    root.querySelector('path').setAttribute('d', outline);
    new ResizeObserver(() => this.resize()).observe(root);
    root.addEventListener('click', event => this.onClick(event));
    root.addEventListener('keydown', event => this.onKey(event));
    root.addEventListener('wheel', event => this.onWheel(event), { passive: false });
    root.addEventListener('dblclick', event => event.target.closest('button') || this.zoomAt(1, this.at(event)));
    for (const type of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel']) root.addEventListener(type, event => this.onPointer(event));
  }

  // clustersOf(box, zoom): what is to be shown there, as README.md says; it may take its time
  show(clustersOf) {
    this.clustersOf = clustersOf;
    for (const [key, marker] of this.markers) this.removeMarker(key, marker);
    this.clusters = [];
    return this.fit();
  }

  resize() {
    const first = !this.width;
    this.width = this.root.clientWidth;
    this.height = this.root.clientHeight;
    if (first) this.fit(); else this.draw();
  }

  // Show all places, the outline of a country around them at least.
  async fit() {
    if (!this.width || !this.clustersOf) return;
    const all = await this.clustersOf([-180, -85, 180, 85], 2);
    const xs = all.map(({ at }) => xOf(at[0]));
    const ys = all.map(({ at }) => yOf(at[1]));
    const [left, right, top, bottom] = xs.length > 0 ? [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)] : [0, 1, 0.2, 0.8];
    const across = Math.log2((this.width - 90) / Math.max(right - left, 1e-9) / TILE);
    const down = Math.log2((this.height - 90) / Math.max(bottom - top, 1e-9) / TILE);
    Object.assign(this, { x: (left + right) / 2, y: (top + bottom) / 2, zoom: clamp(Math.min(across, down), -2, 5) });
    this.draw();
  }

  draw() {
    if (!this.width || !this.clustersOf) return;
    // the world is at least as high as the map; one that is less wide is in its middle
    this.zoom = clamp(this.zoom, Math.log2(this.height / TILE), MAX_ZOOM);
    const scale = TILE * 2 ** this.zoom;
    const [w, h] = [this.width / scale / 2, this.height / scale / 2];
    this.x = w > 0.5 ? 0.5 : clamp(this.x, w, 1 - w);
    this.y = clamp(this.y, h, 1 - h);
    this.scale = scale;
    this.shift = [(w - this.x) * scale, (h - this.y) * scale];
    this.group.setAttribute('transform', `translate(${this.shift[0]} ${this.shift[1]}) scale(${scale / SQUARE})`);
    this.box = [longitudeOf(Math.max(this.x - w, 0)), latitudeOf(this.y + h), longitudeOf(Math.min(this.x + w, 1)), latitudeOf(this.y - h)];
    this.place();
    this.ask();
  }

  // The clusters of what is shown now; what was shown before stays until they are there.
  async ask() {
    this.isStale = true;
    if (this.isAsking) return;
    for (this.isAsking = true; this.isStale; this.place()) {
      this.isStale = false;
      this.clusters = await this.clustersOf(this.box, this.zoom);
    }
    this.isAsking = false;
  }

  place() {
    const seen = new Set();
    for (const cluster of this.clusters) {
      const marker = this.markers.get(cluster.key) ?? this.makeMarker(cluster);
      const [x, y] = [xOf(cluster.at[0]) * this.scale + this.shift[0], yOf(cluster.at[1]) * this.scale + this.shift[1]];
      marker.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
      seen.add(cluster.key);
    }
    for (const [key, marker] of this.markers) if (!seen.has(key)) this.removeMarker(key, marker);
  }

  makeMarker({ key, at, count, approximate, area }) {
    const name = `${approximate ? 'about ' : ''}${plural(count, 'photo')} near ${placeShown(at, 1)}`;
    const marker = element('button', { type: 'button', class: 'marker', 'aria-label': name, 'aria-pressed': String(this.picked === key) }, count > 1 ? String(count) : '');
    const size = count > 1 ? 26 + 6 * Math.log10(count) * 2 : 24;
    Object.assign(marker.style, { width: `${size}px`, height: `${size}px` });
    marker.classList.toggle('one', count === 1);
    marker.choose = () => { this.setPicked(key); this.pick(area(), name); };
    this.markers.set(key, marker);
    this.layer.append(marker);
    return marker;
  }

  removeMarker(key, marker) {
    if (document.activeElement === marker) this.root.focus({ preventScroll: true });
    marker.remove();
    this.markers.delete(key);
  }

  setPicked(picked) {
    this.picked = picked;
    for (const [key, marker] of this.markers) marker.setAttribute('aria-pressed', String(key === picked));
  }

  zoomAt(step, [px, py] = [this.width / 2, this.height / 2]) {
    const before = TILE * 2 ** this.zoom;
    const after = TILE * 2 ** clamp(this.zoom + step, -2, MAX_ZOOM);
    this.x += (px - this.width / 2) * (1 / before - 1 / after);
    this.y += (py - this.height / 2) * (1 / before - 1 / after);
    this.zoom = Math.log2(after / TILE);
    this.draw();
  }

  move(px, py) {
    const scale = TILE * 2 ** this.zoom;
    this.x += px / scale;
    this.y += py / scale;
    this.draw();
  }

  at(event) {
    const box = this.root.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  onClick(event) {
    const button = event.target.closest('button');
    if (!button || this.dragged) return;
    if (button.choose) button.choose();
    else if (button.dataset.zoom === '0') this.fit();
    else this.zoomAt(Number(button.dataset.zoom));
  }

  onKey(event) {
    const moves = {
      ArrowLeft: () => this.move(-STEP, 0), ArrowRight: () => this.move(STEP, 0), ArrowUp: () => this.move(0, -STEP), ArrowDown: () => this.move(0, STEP),
      '+': () => this.zoomAt(1), '=': () => this.zoomAt(1), '-': () => this.zoomAt(-1),
    };
    if (!moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    moves[event.key]();
  }

  // The wheel scrolls the page, unless the map is in use.
  onWheel(event) {
    if (!event.ctrlKey && !event.metaKey && !this.root.contains(document.activeElement)) return;
    event.preventDefault();
    this.zoomAt(clamp(-event.deltaY / 300, -1, 1), this.at(event));
  }

  // One pointer moves the map, two zoom it.
  onPointer(event) {
    const before = this.pointers.get(event.pointerId);
    if (event.type === 'pointerdown') {
      if (this.pointers.size === 0) this.dragged = false;
      this.pointers.set(event.pointerId, { at: this.at(event), from: this.at(event) });
    } else if (event.type !== 'pointermove') {
      this.pointers.delete(event.pointerId);
    } else if (before) {
      const at = this.at(event);
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (!this.dragged && Math.hypot(at[0] - before.from[0], at[1] - before.from[1]) < 5) return;
      this.dragged = true;
      this.root.setPointerCapture(event.pointerId);
      if (other) {
        const apart = point => Math.max(Math.hypot(point[0] - other.at[0], point[1] - other.at[1]), 1);
        this.zoomAt(Math.log2(apart(at) / apart(before.at)), other.at);
      } else {
        this.move(before.at[0] - at[0], before.at[1] - at[1]);
      }
      before.at = at;
    }
  }
}
