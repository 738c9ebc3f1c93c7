// data.js: a photo as the page uses it, and how dates and places are written.  A fact may be absent or, in a hostile table, anything.

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/;
const monthName = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const dayName = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
const longDayName = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });

export const isNumber = value => typeof value === 'number' && Number.isFinite(value);
const text = value => (typeof value === 'string' && value.trim() !== '' ? value.trim() : null);
const between = (value, low, high) => isNumber(value) && value >= low && value <= high;

// Pictures much wider or higher than others would have a row of their own, or be a line.
function aspect(photo) {
  const ratio = photo.width / photo.height;
  return between(ratio, 0, 100) && ratio > 0 ? Math.min(Math.max(ratio, 0.4), 3.2) : 4 / 3;
}

// Times are those of the camera's clock, or those of a time zone, which is named then.
export function prepare(photo, timezone) {
  const time = TIME.exec(text(photo.taken_at_local) ?? '');
  const utc = time && Date.UTC(...time.slice(1).map((part, i) => Number(part) - (i === 1 ? 1 : 0)));
  const hasPlace = between(photo.latitude, -90, 90) && between(photo.longitude, -180, 180);
  const file = text(photo.path)?.split('/').pop() || `Photo ${photo.id}`;

  return {
    ...photo, file, title: text(photo.title) ?? file,
    time: time ? photo.taken_at_local : '', day: time ? time[0].slice(0, 10) : null,
    month: time ? time[0].slice(0, 7) : '', // '' = none
    dayShown: time ? dayName.format(utc) : null,
    timeShown: time ? [`${longDayName.format(utc)}, ${time[0].slice(11)}`, timezone].filter(Boolean).join(' ') : null,
    aspect: aspect(photo), camera: text(photo.camera), lens: text(photo.lens),
    keywords: Array.isArray(photo.keywords) ? [...new Set(photo.keywords.map(text).filter(Boolean))] : [],
    place: hasPlace ? [photo.longitude, photo.latitude] : null,
  };
}

export function monthShown(month) {
  return month ? monthName.format(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 1)) : 'Without a date';
}

// From a month to another one: "May 2024", "May \u2013 July 2024", "December 2023 \u2013 May 2024".
export function monthsShown(from, to) {
  if (from === to) return monthShown(from);
  return [from.slice(0, 4) === to.slice(0, 4) ? monthShown(from).replace(/ \d+$/, '') : monthShown(from), monthShown(to)].join(' \u2013 ');
}

// What a screen reader says of a photo in the grid.
export const nameOf = photo => [photo.title, photo.dayShown, photo.camera].filter(Boolean).join(', ');

// The reason for which a photo has no thumbnail.
export function troubleOf(photo) {
  return text(photo.error) ?? { new: 'not processed yet', queued: 'waits to be processed', running: 'is being processed' }[photo.status] ?? 'no thumbnail';
}

export function placeShown([longitude, latitude], digits = 4) {
  const part = (number, positive, negative) => `${Math.abs(number).toFixed(digits)}\u00b0 ${number < 0 ? negative : positive}`;
  return `${part(latitude, 'N', 'S')}, ${part(longitude, 'E', 'W')}`;
}
