// details.js: one photo, large, with what is known of it, in a dialog.
import { byId, element, onKeys } from './dom.js';
import { isNumber, placeShown } from './data.js';
import { pictureOf } from './grid.js';

const [SWIPE, ENLARGED] = [50, 2.5]; // pixels; times, at most

function factsOf(photo) {
  const exif = photo.exif ?? {};
  const megapixels = photo.width * photo.height / 1e6;
  const size = megapixels > 0 ? `${photo.width} \u00d7 ${photo.height}${megapixels >= 0.1 ? ` (${megapixels.toFixed(1)} megapixels)` : ''}` : null;

  return [
    ['Taken', photo.timeShown], ['Camera', photo.camera], ['Lens', photo.lens], ['Exposure', photo.exposure], ['Size', size],
    ['Position', photo.place && placeShown(photo.place, 5)],
    ['Altitude', isNumber(photo.altitude) ? `${Math.round(photo.altitude)} m` : exif.GPSAltitude],
    ['Direction', isNumber(photo.direction) ? `${Math.round(photo.direction)}\u00b0` : null],
    ['Keywords', photo.keywords.join(', ')],
    ['Rating', isNumber(photo.rating) && photo.rating > 0 ? `${photo.rating} of 5` : null],
    ['File', photo.path],
    ['State', photo.status === 'done' ? null : photo.status], ['Trouble', photo.error], ['EXIF trouble', photo.exif_error],
  ].filter(([, value]) => value);
}

const fill = (list, pairs) => list.replaceChildren(...pairs.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, String(value))]));

export class Details {
  // details(photo): all that is known of it, EXIF, too; closed(list, number): the photo that was shown last
  constructor(details, closed) {
    Object.assign(this, { details, dialog: byId('details') });
    // going back in the browser's history closes it, too, and where the page is then is not the browser's to say
    history.scrollRestoration = 'manual';
    addEventListener('popstate', () => this.dialog.close());
    this.dialog.addEventListener('close', () => {
      if (history.state === 'photo') history.back();
      closed(this.list, this.number);
    });
    this.dialog.addEventListener('click', event => {
      const button = event.target.closest('button');
      if (button?.dataset.step) this.step(Number(button.dataset.step));
      else if (button || event.target === this.dialog) this.dialog.close();
    });
    onKeys(this.dialog, { ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1) });
    this.find('.stage').addEventListener('pointerdown', ({ pointerType, clientX }) => { this.swipeFrom = pointerType === 'touch' ? clientX : null; });
    this.find('.stage').addEventListener('pointerup', ({ clientX }) => {
      if (this.swipeFrom !== null && Math.abs(clientX - this.swipeFrom) > SWIPE) this.step(clientX < this.swipeFrom ? 1 : -1);
    });
  }

  find(selector) { return this.dialog.querySelector(selector); }

  // a list has .count and get(number), which gives a photo in time
  open(list, number) {
    this.list = list;
    this.show(number);
    this.dialog.showModal();
    history.pushState('photo', '');
    this.find('.close').focus();
  }

  has(number) { return number >= 0 && number < this.list.count; }
  step(by) { if (this.has(this.number + by)) this.show(this.number + by); }

  async show(number) {
    this.number = number;
    const photo = await this.list.get(number);
    if (!photo || this.number !== number) return;
    this.tell(photo);
    byId('details-title').textContent = photo.title;
    const picture = pictureOf(photo);
    // a thumbnail is small: no larger than it looks well
    if (picture.alt) {
      picture.alt = `Thumbnail of ${photo.title}`;
      picture.addEventListener('load', () => Object.assign(picture.style, { maxWidth: `${picture.naturalWidth * ENLARGED}px`, maxHeight: `${picture.naturalHeight * ENLARGED}px` }));
    }
    this.find('.picture').replaceChildren(picture);
    this.find('.facts').scrollTop = 0;
    // not disabled: a button that is loses the focus
    for (const button of this.dialog.querySelectorAll('.step')) button.ariaDisabled = String(!this.has(number + Number(button.dataset.step)));
    const known = await this.details(photo);
    if (this.number === number) this.tell(known);
  }

  tell(photo) {
    this.find('.description').textContent = typeof photo.description === 'string' ? photo.description : '';
    fill(this.find('.main-facts'), factsOf(photo));
    const exif = Object.entries(photo.exif ?? {}).sort(([a], [b]) => a.localeCompare(b, 'en'));
    fill(this.find('.exif'), exif);
    this.find('h3').hidden = exif.length === 0;
  }
}
