// main.js: puts the page together.  The state of the page is the filter; everything else follows from it.
import * as source from 'photo-source'; // embedded.js or http.js
import { byId, element, plural } from './dom.js';
import { Details } from './details.js';
import { Grid } from './grid.js';
import { PhotoMap } from './map.js';
import { Timeline } from './timeline.js';

const [form, empty, trouble, dismiss] = ['filters', 'empty', 'trouble', 'dismiss'].map(byId);
const facets = ['camera', 'lens', 'keyword'];
let filter = { camera: '', lens: '', keyword: '', from: '', to: '', area: null }; // replaced when it changes
let total = 0;
let isLacking = false; // what the source should have given: the trouble that is told ends when it gives something
const say = text => { byId('count').textContent = text; };

function tell(text, lacking) {
  isLacking = lacking;
  trouble.querySelector('span').textContent = text;
  dismiss.textContent = lacking ? 'Try again' : 'Close';
  trouble.hidden = false;
}

// What the source gives; undefined if it fails, which is told.
const ask = promise => promise.then(answer => { trouble.hidden ||= isLacking; return answer; }, error => tell(`Trouble: ${error.message}.`, true));
const details = new Details(photo => source.details(photo).catch(error => ({ ...photo, error: error.message })), (list, number) => list === grid && grid.focus(number));
const grid = new Grid(byId('photos'), {
  more: section => ask(source.more(section, filter)),
  open: number => details.open(grid, number), seen: month => timeline.seen(month),
});
const timeline = new Timeline(byId('timeline'), month => grid.scrollToMonth(month));
const map = new PhotoMap(byId('map'), (area, name) => setArea(area, name));

// Show what passes the filter.  The map shows what would without its own part.
async function show(withMap) {
  const asked = filter;
  const withoutArea = { ...asked, area: null };
  if (withMap) map.show(async (box, zoom) => await ask(source.clusters(box, zoom, withoutArea)) ?? []);
  const months = await ask(source.months(asked));
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

// A button that opens a panel, and a panel that is open where there is room.
function offer(button, panel) {
  const toggle = isOpen => { button.setAttribute('aria-expanded', String(isOpen)); panel.hidden = !isOpen; };
  if (!button.hidden) return;
  button.hidden = false;
  button.addEventListener('click', () => toggle(panel.hidden));
  toggle(matchMedia('(min-width: 900px)').matches);
}

async function load() {
  const about = await ask(source.about());
  if (!about) return;
  document.title = about.title === 'Photos' ? 'Photos' : `Photos in ${about.title}`;
  byId('title').textContent = about.title;
  byId('made').textContent = about.made;
  fillOptions(about);
  if (about.hasPlaces) offer(byId('map-button'), byId('map-panel'));
  await show(true);
  if (total > 0) offer(byId('filters-button'), form);
}

// Send the chosen files, one by one, and show what has become of them.
async function upload(files) {
  const [photos, refused] = [[], []];
  for (const [i, file] of files.entries()) {
    say(`Uploading ${i + 1} of ${plural(files.length, 'file')}: ${file.name}`);
    await source.upload(file).then(photo => photos.push(photo), error => refused.push(`${file.name}: ${error.message}`));
  }
  form.reset();
  await load();
  if (refused.length > 0) tell(`${photos.length} of ${plural(files.length, 'file')} uploaded. ${refused.join('. ')}.`, false);
  else details.open({ count: photos.length, get: async number => photos[number] }, 0);
}

form.addEventListener('input', () => {
  filter = Object.fromEntries([...facets, 'from', 'to'].map(name => [name, form[name].value]));
  setArea(null, '', true);
});
form.addEventListener('submit', event => event.preventDefault());
form.addEventListener('reset', () => setTimeout(() => form.dispatchEvent(new Event('input'))));
empty.querySelector('button').addEventListener('click', () => form.reset());
byId('area').firstElementChild.addEventListener('click', () => { setArea(null); byId('map').focus({ preventScroll: true }); });
dismiss.addEventListener('click', () => { trouble.hidden = true; if (isLacking) load(); });
if (source.upload) {
  byId('upload-button').hidden = false;
  byId('upload').addEventListener('change', ({ target }) => { upload([...target.files]); target.value = ''; });
}
load();
