// http.js: a source of photos: the functions that thumbexif_api() has made, as PostgREST serves them.  README.md says what a source exports.
import { prepare } from './data.js';
import { latitudeOf, longitudeOf, xOf, yOf } from './map.js';

const PAGE = 200; // photos
const APART = 15 * 3600e3; // milliseconds: more than a clock on the spot is ahead of UTC, or behind it
const UNDATED = '-62135596800000000'; // the time of a cursor behind all photos with a date
const CELLS_IN_TILE = 2; // photos_map() halves tiles so often
const REASONS = { 413: 'the file is too large', 502: 'the server does not answer', 503: 'the server does not answer', 504: 'the answer takes too long' };
const key = new URLSearchParams(location.hash.slice(1)).get('key'); // of who may upload: a JSON Web Token

async function post(name, body, headers) {
  const answer = await fetch(`/rpc/${name}`, { method: 'POST', body, headers }).catch(() => { throw new Error('the server does not answer'); });
  if (answer.ok) return answer.json();
  throw new Error(REASONS[answer.status] ?? (await answer.json().catch(() => null))?.message ?? `${answer.status} ${answer.statusText}`);
}

const call = (name, parameters) => post(name, JSON.stringify(parameters), { 'Content-Type': 'application/json' });
function read(photo) {
  const id = photo.cursor?.replace(/^[^_]*_/, '') ?? photo.id; // as a text: numbers are no longer exact beyond 2^53
  return prepare({ ...photo, id, thumbnail: photo.thumbnail?.replace('{id}', encodeURIComponent(id)) });
}
const startOf = (month, later = 0) => Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 1 + later);

// What of a filter is set, as parameters.  The last day is in it.
function parametersOf({ camera, lens, keyword, from, to, area }) {
  const end = to && new Date(Date.parse(to) + 24 * 3600e3).toISOString().slice(0, 10);
  return Object.fromEntries(Object.entries({ camera, lens, keywords: keyword && [keyword], from, to: end, bbox: area }).filter(([, value]) => value));
}

export async function about() {
  const [facets, map] = await Promise.all([call('photos_facets', {}), call('photos_map', {})]);
  const counted = list => list.map(({ value, count }) => [value, count]);
  return {
    title: 'Photos', made: '', hasPlaces: map.features.length > 0,
    facets: { camera: counted(facets.cameras), lens: counted(facets.lenses), keyword: counted(facets.keywords) },
    days: facets.years.length > 0 ? [`${facets.years.at(-1).value}-01-01`, `${facets.years[0].value}-12-31`] : [],
  };
}

// Those without a date come after all others, and nothing counts them: there is another one while pages are full.
export async function months(filter) {
  const timeline = await call('photos_timeline', { unit: 'month', ...parametersOf(filter) });
  const dated = timeline.filter(({ bucket }) => /^\d/.test(bucket)).map(({ bucket, count, cover }) => ({ name: bucket.slice(0, 7), count, cover, photos: [] }));
  const undated = { from: '', to: '', name: '', count: 0, cover: dated[0]?.cover, photos: [] };
  await more(undated, filter);
  return undated.count > 0 ? [...dated, undated] : dated;
}

// The next page of a section, which begins with the newest photo that may be of its last month.
export async function more(section, filter) {
  const start = section.to ? (startOf(section.to, 1) + APART) * 1000 : UNDATED;
  const after = section.after ?? (section.cover === undefined ? undefined : `${start}_${section.cover}`);
  const page = await call('photos_search', { ...parametersOf(filter), after, limit: PAGE });
  const found = page.map(read).filter(({ month }) => month >= section.from && month <= section.to);
  const isLast = page.length < PAGE || (section.from && !(Date.parse(page.at(-1).taken_at) >= startOf(section.from) - APART));
  section.after = page.at(-1)?.cursor;
  section.photos.push(...(section.to ? found.slice(0, section.count - section.photos.length) : found));
  section.open = !section.to && !isLast;
  if (isLast || section.open) section.count = section.photos.length + (isLast ? 0 : 1);
  return page.length > 0;
}

export async function details(photo) {
  const known = await call('photo', { id: photo.id });
  const exif = Object.entries(known?.exif ?? {}).map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : value]);
  return { ...photo, ...known && read({ ...known, cursor: photo.cursor }), exif: Object.fromEntries(exif) };
}

// A cluster of a cell: its photos are those in the cell's box.
export async function clusters([west, south, east, north], zoom, filter) {
  const wanted = Math.max(Math.round(zoom) + 1, 0);
  const cells = 2 ** (wanted + CELLS_IN_TILE);
  const { features } = await call('photos_map', { west, south, east, north, zoom: wanted, ...parametersOf(filter) });
  return features.map(({ geometry: { coordinates: at }, properties: { count, approximate } }) => {
    const [x, y] = [Math.floor(xOf(at[0]) * cells), Math.floor(yOf(at[1]) * cells)];
    const area = [longitudeOf(x / cells), latitudeOf((y + 1) / cells), longitudeOf((x + 1) / cells), latitudeOf(y / cells)];
    return { key: `${wanted} ${x} ${y} ${count}`, at, count: Math.round(count), approximate, area: () => area };
  });
}

export const upload = key && (async file => read(await post('upload', file, {
  'Content-Type': 'application/octet-stream', 'X-File-Name': encodeURIComponent(file.name), Authorization: `Bearer ${key}` })));
