// map.js: where the photos were taken, in clusters on an outline of the world, in Web Mercator (x and y from 0 to 1).
import { select } from 'd3-selection';
import { zoom } from 'd3-zoom';
import { element, onKeys, plural } from './dom.js';
import { placeShown } from './data.js';
import outline from 'world-outline'; // a path in a square of 4096, made by the bundler

const SQUARE = 4096;
const [TILE, MAX_ZOOM] = [512, 15]; // pixels that the world is wide at zoom 0
const STEP = 60; // pixels that an arrow key moves it

export const xOf = longitude => longitude / 360 + 0.5;
export const yOf = latitude => {
  const sine = Math.sin(latitude * Math.PI / 180);
  return Math.min(Math.max(0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI), 0), 1);
};
export const longitudeOf = x => (x - 0.5) * 360;
export const latitudeOf = y => 360 / Math.PI * Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) - 90;

export class PhotoMap {
  // pick(area, name): a cluster was chosen
  constructor(root, pick) {
    Object.assign(this, { root, pick, clusters: [], markers: new Map(), picked: null, group: root.querySelector('g'), layer: root.querySelector('.markers') });
    root.querySelector('path').setAttribute('d', outline);
    // the wheel scrolls the page, unless the map is in use
    this.zoomer = zoom().clickDistance(5).duration(matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 250).extent(() => [[0, 0], [this.width, this.height]]).translateExtent([[0, 0], [TILE, TILE]])
      .filter(event => !event.button && (event.type !== 'wheel' || event.ctrlKey || event.metaKey || root.contains(document.activeElement))
        && (event.type !== 'dblclick' || !event.target.closest('button')))
      .on('zoom', ({ transform }) => this.draw(transform));
    this.view = select(root).call(this.zoomer);
    new ResizeObserver(() => this.resize()).observe(root);
    root.addEventListener('click', event => this.onClick(event));
    const move = (x, y) => () => this.zoomer.translateBy(this.view, x / this.scale * TILE, y / this.scale * TILE);
    const zoomBy = factor => () => this.zoomer.scaleBy(this.view, factor);
    onKeys(root, { ArrowLeft: move(STEP, 0), ArrowRight: move(-STEP, 0), ArrowUp: move(0, STEP), ArrowDown: move(0, -STEP),
      '+': zoomBy(2), '=': zoomBy(2), '-': zoomBy(1 / 2) });
  }

  // clustersOf(box, zoom): what is to be shown there, as README.md says; it may take its time, and what was there stays until then
  show(clustersOf) {
    this.clustersOf = clustersOf;
    this.root.ariaBusy = 'true';
    return this.fit();
  }

  // The world is at least as high as the map; one that is less wide is in its middle.
  resize() {
    const first = !this.width;
    [this.width, this.height] = [this.root.clientWidth, this.root.clientHeight];
    if (!this.width) return;
    this.zoomer.scaleExtent([this.height / TILE, 2 ** MAX_ZOOM]);
    this.zoomer.scaleBy(this.view, 1);
    if (first) this.fit();
  }

  // Show all places, the outline of a country around them at least.
  async fit() {
    if (!this.width || !this.clustersOf) return;
    const asked = this.clustersOf;
    const all = await asked([-180, -85, 180, 85], 2);
    if (asked === this.clustersOf) this.fitted = asked; else return;
    const [xs, ys] = [all.map(({ at }) => xOf(at[0])), all.map(({ at }) => yOf(at[1]))];
    const [left, right, top, bottom] = xs.length > 0 ? [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)] : [0, 1, 0.2, 0.8];
    const [across, down] = [(this.width - 90) / Math.max(right - left, 1e-9), (this.height - 90) / Math.max(bottom - top, 1e-9)];
    this.zoomer.scaleTo(this.view, Math.min(across / TILE, down / TILE, 2 ** 5));
    this.zoomer.translateTo(this.view, (left + right) / 2 * TILE, (top + bottom) / 2 * TILE);
  }

  draw({ k, x, y }) {
    if (!this.width || !this.clustersOf) return;
    Object.assign(this, { scale: k * TILE, x, y });
    this.group.setAttribute('transform', `translate(${x} ${y}) scale(${this.scale / SQUARE})`);
    const part = (pixels, shift) => Math.min(Math.max((pixels - shift) / this.scale, 0), 1);
    this.box = [longitudeOf(part(0, x)), latitudeOf(part(this.height, y)), longitudeOf(part(this.width, x)), latitudeOf(part(0, y))];
    this.place();
    this.ask();
  }

  // The clusters of what is shown now, once it stays.
  async ask() {
    this.isStale = true;
    if (this.isAsking) return;
    for (this.isAsking = true; this.isStale; this.place()) {
      this.isStale = await false; // after all that moves it at once
      this.clusters = await this.clustersOf(this.box, Math.log2(this.scale / TILE));
    }
    this.isAsking = false;
    this.root.ariaBusy = String(this.fitted !== this.clustersOf);
  }

  place() {
    const seen = new Set();
    for (const cluster of this.clusters) {
      const marker = this.markers.get(cluster.key) ?? this.makeMarker(cluster);
      marker.style.transform = `translate(${xOf(cluster.at[0]) * this.scale + this.x}px, ${yOf(cluster.at[1]) * this.scale + this.y}px) translate(-50%, -50%)`;
      seen.add(cluster.key);
    }
    for (const [key, marker] of this.markers) {
      if (seen.has(key)) continue;
      if (document.activeElement === marker) this.root.focus({ preventScroll: true });
      marker.remove();
      this.markers.delete(key);
    }
  }

  makeMarker({ key, at, count, approximate, area }) {
    const name = `${approximate ? 'about ' : ''}${plural(count, 'photo')} near ${placeShown(at, 1)}`;
    const size = `${count > 1 ? 26 + 12 * Math.log10(count) : 24}px`;
    const marker = element('button', { type: 'button', class: count > 1 ? 'marker' : 'marker one', 'aria-label': name, 'aria-pressed': String(this.picked === key), style: { width: size, height: size } },
      count > 1 ? String(count) : '');
    marker.choose = () => { this.setPicked(key); this.pick(area(), name); };
    this.markers.set(key, marker);
    this.layer.append(marker);
    return marker;
  }

  setPicked(picked) {
    this.picked = picked;
    for (const [key, marker] of this.markers) marker.setAttribute('aria-pressed', String(key === picked));
  }

  onClick(event) {
    const button = event.target.closest('button');
    if (button?.choose) button.choose();
    else if (button?.dataset.zoom === '0') this.fit();
    else if (button) this.zoomer.scaleBy(this.view, 2 ** Number(button.dataset.zoom));
  }
}
