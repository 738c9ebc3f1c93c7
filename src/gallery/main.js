// main.js: puts the page together.  The state of the page is the filter; everything else follows from it.
import { byId, element, plural } from './dom.js';
import { countValues, passes, readData } from './data.js';
import { Details } from './details.js';
import { Grid } from './grid.js';
import { PhotoMap } from './map.js';
import { Timeline } from './timeline.js';

const data = readData(byId('data').textContent);
const form = byId('filters');
const fields = { camera: photo => [photo.camera].filter(Boolean), lens: photo => [photo.lens].filter(Boolean), keyword: photo => photo.keywords };
const filter = { camera: '', lens: '', keyword: '', from: '', to: '', area: null };

const details = new Details(number => grid.focus(number));
const grid = new Grid(byId('photos'), {
  open: photo => details.open(grid.photos, grid.photos.indexOf(photo)),
  seen: month => timeline.seen(month),
});
const timeline = new Timeline(byId('timeline'), month => grid.scrollToMonth(month));
const map = new PhotoMap(byId('map'), (area, name) => setArea(area, name));

// Show what passes the filter.  The map shows what would without its own part.
function show({ withMap }) {
  const photos = data.photos.filter(photo => passes(photo, filter));
  const all = data.photos.length;
  byId('count').textContent = photos.length === all ? plural(all, 'photo') : `${photos.length.toLocaleString('en')} of ${plural(all, 'photo')}`;
  byId('empty').hidden = photos.length > 0;
  byId('empty').querySelector('p').textContent = all === 0 ? 'There are no photos.' : 'No photo passes these filters.';
  byId('empty').querySelector('button').hidden = all === 0;
  grid.show(photos);
  timeline.show(grid.months);
  if (withMap) map.show(data.photos.filter(photo => passes(photo, filter, false)));
}

function setArea(area, name) {
  filter.area = area;
  byId('area').hidden = !area;
  if (area) byId('area').firstElementChild.textContent = `${name} \u00d7`;
  else map.setPicked(null);
  show({ withMap: false });
}

function fillOptions() {
  for (const [name, valuesOf] of Object.entries(fields)) {
    const counts = countValues(data.photos, valuesOf);
    form[name].replaceChildren(element('option', { value: '' }, 'All'), ...counts.map(([value, count]) => element('option', { value }, `${value} (${count})`)));
    form[name].closest('label').hidden = counts.length === 0;
  }
  const days = data.photos.map(photo => photo.day).filter(Boolean).sort();
  for (const name of ['from', 'to']) {
    Object.assign(form[name], { min: days[0] ?? '', max: days.at(-1) ?? '' });
    form[name].closest('label').hidden = days.length === 0;
  }
}

function toggle(button, panel, open) {
  button.setAttribute('aria-expanded', String(open));
  panel.hidden = !open;
}

function setUpToggle(button, panel, open) {
  button.hidden = false;
  toggle(button, panel, open);
  button.addEventListener('click', () => toggle(button, panel, panel.hidden));
}

form.addEventListener('input', () => {
  for (const name of ['camera', 'lens', 'keyword', 'from', 'to']) filter[name] = form[name].value;
  if (filter.area) setArea(null);
  show({ withMap: true });
});
form.addEventListener('submit', event => event.preventDefault());
form.addEventListener('reset', () => setTimeout(() => form.dispatchEvent(new Event('input'))));
byId('empty').querySelector('button').addEventListener('click', () => form.reset());
byId('area').firstElementChild.addEventListener('click', () => {
  setArea(null);
  byId('map').focus({ preventScroll: true });
});

const wide = matchMedia('(min-width: 900px)').matches;
const title = data.table.replace(/^public\./, '').replaceAll('"', '');
document.title = `Photos in ${title}`;
byId('title').textContent = title;
byId('made').textContent = [
  `Made by thumbexif on ${new Date(data.made_at).toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' })}.`,
  data.more ? `The table has more photos: these are the newest ${data.photos.length.toLocaleString('en')}.` : '',
].join(' ');
fillOptions();
if (data.photos.length > 0) setUpToggle(byId('filters-button'), form, wide);
else byId('filters-button').hidden = true;
if (data.photos.some(photo => photo.place)) setUpToggle(byId('map-button'), byId('map-panel'), wide);
show({ withMap: true });
