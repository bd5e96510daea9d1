// A bar for each week, as SVG. Its colours are those of the page, so it follows the theme at once.
import { html, useEffect, useRef, useState } from "./html.js";

const HEIGHT = 180, TOP = 10, BOTTOM = 24, RIGHT = 6;
const TICKS = 4;
const PER_LETTER = 7; // pixels of a letter of the axis
const MAX_BAR = 40;
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

// The least of 1, 2, 5, 10, 20 ... that needs no more ticks than there is room for.
function stepOf(range, isWhole) {
  let step = isWhole ? 1 : 0.01;
  for (let digits = [2, 2.5, 2], at = 0; range / step > TICKS; at++) step *= digits[at % 3];
  return step;
}

// The axis reaches the values: its ends are the first ticks at or beyond them.
function axisOf(numbers, isWhole) {
  const low = Math.min(0, ...numbers), high = Math.max(0, ...numbers);
  const step = stepOf(high - low || 1, isWhole);
  const first = Math.floor(low / step), last = Math.max(Math.ceil(high / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

function useWidth() {
  const place = useRef();
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const resize = new ResizeObserver(([{ contentRect }]) => setWidth(Math.floor(contentRect.width)));
    resize.observe(place.current);
    return () => resize.disconnect();
  }, []);
  return [place, width];
}

// `days` are the first days of the weeks, `say` turns a number into text.
export function Chart({ title, days, numbers, isWhole, say }) {
  const [place, width] = useWidth();
  const high = numbers.indexOf(Math.max(...numbers));
  const label = `${title} by week: latest ${say(numbers.at(-1))}, highest ${say(numbers[high])} in the week of ${dayOf(days[high])}`;
  return html`<div class="chart" ref=${place}>${width > 0 && html`
    <svg width=${width} height=${HEIGHT} role="img" aria-label=${label}><${Bars} ...${{ width, days, numbers, isWhole, say }} /></svg>`}</div>`;
}

const dayOf = (day) => DAY.format(new Date(day));

function Bars({ width, days, numbers, isWhole, say }) {
  const ticks = axisOf(numbers, isWhole);
  const texts = ticks.map((tick) => say(tick, true));
  const left = Math.max(...texts.map((text) => text.length)) * PER_LETTER + 10;
  const slot = (width - left - RIGHT) / numbers.length;
  const bar = Math.min(slot * 0.6, MAX_BAR);
  const y = (number) => TOP + ((ticks.at(-1) - number) / (ticks.at(-1) - ticks[0])) * (HEIGHT - TOP - BOTTOM);
  const x = (index) => left + slot * (index + 0.5);
  const each = Math.ceil(58 / slot); // a day takes so many pixels
  return html`
    ${ticks.map((tick, index) => html`<line key=${`l${tick}`} x1=${left} x2=${width - RIGHT} y1=${y(tick)} y2=${y(tick)} />
      <text key=${`t${tick}`} x=${left - 6} y=${y(tick) + 4} class="end">${texts[index]}</text>`)}
    ${numbers.map((number, index) => html`<rect key=${days[index]} x=${x(index) - bar / 2} width=${bar} y=${Math.min(y(number), y(0))} height=${Math.abs(y(number) - y(0))}>
      <title>${`Week of ${dayOf(days[index])}: ${say(number)}`}</title></rect>`)}
    ${days.map((day, index) => (days.length - 1 - index) % each === 0 && html`<text key=${`d${day}`} x=${x(index)} y=${HEIGHT - 6} class="middle">${dayOf(day)}</text>`)}`;
}
