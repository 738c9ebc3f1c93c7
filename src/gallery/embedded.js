// embedded.js: a source of photos: those that thumbexif_gallery() has put into the page.  README.md says what a source exports.
import Supercluster from 'supercluster';
import { prepare } from './data.js';

const data = JSON.parse(document.getElementById('data').textContent);
const valuesOf = { camera: photo => [photo.camera].filter(Boolean), lens: photo => [photo.lens].filter(Boolean), keyword: photo => photo.keywords };
// they come by the instant; cameras' clocks differ
const photos = data.photos.map((photo, index) => ({ ...prepare(photo, data.timezone), index }))
  .sort((a, b) => (a.time === b.time ? a.index - b.index : a.time < b.time ? 1 : -1));
let indexed = {}; // the filter whose photos are on the map, and their clusters

function passes(photo, filter) {
  return Object.entries(valuesOf).every(([name, of]) => !filter[name] || of(photo).includes(filter[name]))
    && (!filter.from || (photo.day !== null && photo.day >= filter.from))
    && (!filter.to || (photo.day !== null && photo.day <= filter.to))
    && (!filter.area || filter.area.has(photo.index));
}

export async function about() {
  const days = photos.map(photo => photo.day).filter(Boolean).sort();
  const made = `Made by thumbexif on ${new Date(data.made_at).toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' })}.`;
  return {
    title: data.table.replace(/^public\./, '').replaceAll('"', ''),
    made: data.more ? `${made} The table has more photos: these are the newest ${photos.length.toLocaleString('en')}.` : made,
    facets: Object.fromEntries(Object.entries(valuesOf).map(([name, of]) => [name, [...Map.groupBy(photos.flatMap(of), value => value)].map(([value, all]) => [value, all.length])])),
    days: [days[0], days.at(-1)], hasPlaces: photos.some(photo => photo.place),
  };
}

export async function months(filter) {
  const found = Map.groupBy(photos.filter(photo => passes(photo, filter)), photo => photo.month);
  return [...found].map(([name, of]) => ({ name, photos: of, count: of.length }));
}

export async function clusters(box, zoom, filter) {
  if (indexed.filter !== filter) {
    const points = photos.filter(photo => photo.place && passes(photo, filter)).map(photo => (
      { type: 'Feature', properties: { index: photo.index }, geometry: { type: 'Point', coordinates: photo.place } }));
    indexed = { filter, of: new Supercluster({ radius: 56, extent: 512, maxZoom: 14 }).load(points) };
  }
  return indexed.of.getClusters(box, Math.floor(zoom)).map(({ id, properties, geometry }) => ({
    key: `${id ?? properties.index} ${geometry.coordinates} ${properties.point_count}`, at: geometry.coordinates, count: properties.point_count ?? 1,
    area: () => new Set(id ? indexed.of.getLeaves(id, Infinity).map(leaf => leaf.properties.index) : [properties.index]),
  }));
}

export const [more, upload] = [null, null]; // all photos are there, and stay
export const details = async photo => photo;
