// main.js: puts the page together.  The state of the page is the filter; everything else follows from it.
import * as source from 'photo-source'; // embedded.js or http.js
import { byId, element, plural } from './dom.js';
import { Details } from './details.js';
import { Grid } from './grid.js';
import { PhotoMap } from './map.js';
import { Timeline } from './timeline.js';

const [form, empty] = [byId('filters'), byId('empty')];
const facets = ['camera', 'lens', 'keyword'];
let filter = { camera: '', lens: '', keyword: '', from: '', to: '', area: null }; // replaced when it changes
let total = 0;
const say = text => { byId('count').textContent = text; };
const fail = error => say(`Trouble: ${error.message}`);
const details = new Details(async photo => await source.details(photo).catch(fail) ?? photo, (list, number) => list === grid && grid.focus(number));
const grid = new Grid(byId('photos'), {
  more: section => source.more(section, filter).catch(fail),
  open: number => details.open(grid, number), seen: month => timeline.seen(month),
});
const timeline = new Timeline(byId('timeline'), month => grid.scrollToMonth(month));
const map = new PhotoMap(byId('map'), (area, name) => setArea(area, name));

// Show what passes the filter.  The map shows what would without its own part.
async function show(withMap) {
  const asked = filter;
  const withoutArea = { ...asked, area: null };
  if (withMap) map.show(async (box, zoom) => await source.clusters(box, zoom, withoutArea).catch(fail) ?? []);
  const months = await source.months(asked).catch(fail);
  if (!months || asked !== filter) return;
  grid.show(months);
  timeline.show(grid.months);
  const [count, isAll] = [grid.count, Object.values(asked).every(value => !value)];
  if (isAll) total = count;
  say((months.at(-1)?.open ? 'at least ' : '') + (isAll ? plural(total, 'photo') : `${count.toLocaleString('en')} of ${plural(total, 'photo')}`));
  empty.hidden = count > 0;
  empty.querySelector('p').textContent = total === 0 ? 'There are no photos.' : 'No photo passes these filters.';
  empty.querySelector('button').hidden = total === 0;
}

function setArea(area, name, withMap = false) {
  filter = { ...filter, area };
  byId('area').hidden = !area;
  if (area) byId('area').firstElementChild.textContent = `${name} \u00d7`;
  else map.setPicked(null);
  return show(withMap);
}

function fillOptions(about) {
  for (const name of facets) {
    const counts = about.facets[name].sort(([a], [b]) => a.localeCompare(b, 'en', { sensitivity: 'base', numeric: true }));
    form[name].replaceChildren(element('option', { value: '' }, 'All'), ...counts.map(([value, count]) => element('option', { value }, `${value} (${count})`)));
    Object.assign(form[name], { value: filter[name] }).closest('label').hidden = counts.length === 0;
  }
  for (const name of ['from', 'to']) {
    Object.assign(form[name], { min: about.days[0] ?? '', max: about.days[1] ?? '' }).closest('label').hidden = !about.days[0];
  }
}

function setUpToggle(button, panel, open) {
  const toggle = isOpen => { button.setAttribute('aria-expanded', String(isOpen)); panel.hidden = !isOpen; };
  button.hidden = false;
  button.addEventListener('click', () => toggle(panel.hidden));
  toggle(open);
}

// Send the chosen files, one by one, and show what has become of them.
async function upload(files) {
  const photos = [];
  for (const file of files) {
    say(`Uploading ${file.name}`);
    photos.push(await source.upload(file));
  }
  form.reset();
  fillOptions(await source.about());
  details.open({ count: photos.length, get: async number => photos[number] }, 0);
}

form.addEventListener('input', () => {
  filter = Object.fromEntries([...facets, 'from', 'to'].map(name => [name, form[name].value]));
  setArea(null, '', true);
});
form.addEventListener('submit', event => event.preventDefault());
form.addEventListener('reset', () => setTimeout(() => form.dispatchEvent(new Event('input'))));
empty.querySelector('button').addEventListener('click', () => form.reset());
byId('area').firstElementChild.addEventListener('click', () => { setArea(null); byId('map').focus({ preventScroll: true }); });

async function start() {
  const about = await source.about();
  const wide = matchMedia('(min-width: 900px)').matches;
  document.title = about.title === 'Photos' ? 'Photos' : `Photos in ${about.title}`;
  byId('title').textContent = about.title;
  byId('made').textContent = about.made;
  fillOptions(about);
  if (about.hasPlaces) setUpToggle(byId('map-button'), byId('map-panel'), wide);
  if (source.upload) {
    byId('upload-button').hidden = false;
    byId('upload').addEventListener('change', ({ target }) => upload(target.files).catch(fail).finally(() => { target.value = ''; }));
  }
  await show(true);
  if (total > 0) setUpToggle(byId('filters-button'), form, wide);
}
start().catch(fail);
