// timeline.js: a strip with the months at the edge of the window, to scroll by.  It is a slider, so keys and screen readers know it.
import { element } from './dom.js';
import { monthShown } from './data.js';

const LEAST = 22; // pixels between two years that are named

export class Timeline {
  constructor(root, go) {
    Object.assign(this, { root, months: [], slider: root.querySelector('input'), shown: root.querySelector('.month-shown') });
    this.slider.addEventListener('input', () => {
      go(Number(this.slider.value));
      this.say(Number(this.slider.value));
    });
    addEventListener('resize', () => this.nameYears());
  }

  show(months) {
    this.months = months.map(month => month.name);
    this.root.hidden = this.months.length < 2;
    if (this.root.hidden) return;
    this.slider.max = this.months.length - 1;
    this.nameYears();
    this.seen(0);
  }

  share(i) { return i / (this.months.length - 1); }

  nameYears() {
    const height = this.root.clientHeight;
    let last = -LEAST;
    const years = this.months.map((month, i) => [month.slice(0, 4), this.share(i)]).filter(([year], i, all) => year && (i === 0 || all[i - 1][0] !== year));
    this.root.querySelector('.years').replaceChildren(...years.flatMap(([year, share]) => {
      if (share * height - last < LEAST) return [];
      last = share * height;
      return [element('span', { style: { top: `${share * 100}%` } }, year)];
    }));
  }

  // Another month is at the top of the window.
  seen(i) {
    // the last months may not get to the top: the slider stays where it was put
    const isAtEnd = document.activeElement === this.slider && this.slider.value > i && scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
    if (this.months.length < 2 || i >= this.months.length || isAtEnd) return;
    this.slider.value = i;
    this.say(i);
  }

  say(i) {
    this.slider.ariaValueText = this.shown.textContent = monthShown(this.months[i]);
    this.shown.style.top = `${this.share(i) * 100}%`;
  }
}
