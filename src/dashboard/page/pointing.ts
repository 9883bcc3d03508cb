/** Pointing at what is in a lane, by pointer and by keys, and choosing a time by dragging. A part of the page's script. */
export const pointing: string = /* js */ `
const near = 6;
const tip = byId('tip');

function described([kind, from, to, job, count, by], shown) {
  const at = shown.fromMs + from;
  const who = name(shown.names[job]);
  const many = count > 1 ? ' ' + count + ' times' : '';
  const blocker = by === -1 ? [] : ['; ', name(shown.names[by]), ' held it'];
  const until = to === -1 ? ' until now' : to - from < 1000 && count === 1 ? '' : ' to ' + clock(shown.fromMs + to);
  const long = isHold(kind) && count === 1 && to !== -1 ? ' (' + span(to - from) + ')' : '';
  if (kind === 'skip') return [when(at) + (count > 1 ? until : '') + ': ', who, ' was skipped' + many, ...blocker];
  if (kind === 'conflict') return [when(at) + ': ', who, ' had ' + (count === 1 ? 'a conflict' : count + ' conflicts') + ' in the database'];
  return [when(at) + until + ': ', who, ' ' + (kind === 'held' ? 'held it' : kind === 'lost' ? 'lost its lock' : 'ran without a lock') + many + long];
}
function expected({ job, fromMs, toMs }) {
  return [when(fromMs) + ' to ' + clock(toMs) + ': ', name(job), ' is expected'];
}

/** Everything of a lane that is at a place, the newest last. */
function spansAt(one, shown, x, reach) {
  const scale = scaleOf(shown);
  const isAt = (fromMs, toMs) => x >= scale(fromMs) - reach && x <= Math.max(scale(toMs), scale(fromMs) + narrowest) + reach;
  const here = one.spans.filter(([, from, to]) => isAt(shown.fromMs + from, to === -1 ? shown.toMs : shown.fromMs + to)).map((each) => described(each, shown));
  const later = (shown.ahead ?? []).filter(({ table, fromMs, toMs }) => table === one.resource && isAt(fromMs, toMs)).map(expected);
  return [...here, ...later];
}

function laneAt(target) {
  const row = target.closest?.('[data-lane]');
  const shown = asked.job === undefined ? past : jobPast;
  const one = row && shown?.lanes.find(({ resource }) => resource === row.dataset.lane);
  return one && { one, shown, svg: row.querySelector('svg') };
}

const said = 8;
function tell(lines, x, y) {
  tip.hidden = lines.length === 0;
  tip.replaceChildren(...lines.slice(-said).map((line) => make('p', {}, ...line)), ...(lines.length > said ? [make('p', {}, 'and ' + (lines.length - said) + ' more')] : []));
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 12, innerWidth - width - 12)) + 'px';
  tip.style.top = (y + 16 + height > innerHeight ? Math.max(4, y - height - 12) : y + 16) + 'px';
}
const hush = () => { tip.hidden = true; };

let dragged;
const chosen = byId('chosen');
const timeAt = (clientX) => {
  const { svg, shown } = dragged;
  const { left, width } = svg.getBoundingClientRect();
  return shown.fromMs + Math.max(0, Math.min(1, (clientX - left) / width)) * (endOf(shown) - shown.fromMs);
};
function drawChosen(clientX) {
  const frame = byId('frame').getBoundingClientRect();
  const { left, right } = dragged.svg.getBoundingClientRect();
  const inside = (x) => Math.max(left, Math.min(right, x));
  const [from, to] = [dragged.fromX, clientX].map(inside).sort((a, b) => a - b);
  chosen.hidden = to - from < near;
  chosen.style.left = from - frame.left + 'px';
  chosen.style.width = to - from + 'px';
}
const release = () => { dragged = undefined; chosen.hidden = true; };

document.addEventListener('pointerdown', ({ target, clientX, button }) => {
  const found = button === 0 && asked.job === undefined && target.closest?.('svg') && laneAt(target);
  if (found) dragged = { ...found, fromX: clientX };
});
document.addEventListener('pointermove', ({ target, clientX, clientY }) => {
  if (dragged) return drawChosen(clientX);
  const found = target.closest?.('svg') && laneAt(target);
  if (!found) return hush();
  const { left, width } = found.svg.getBoundingClientRect();
  tell(spansAt(found.one, found.shown, (clientX - left) / width * wide, near * wide / width), clientX, clientY);
});
document.addEventListener('pointerup', ({ clientX }) => {
  if (!dragged) return;
  if (Math.abs(clientX - dragged.fromX) >= near) choose(timeAt(Math.min(clientX, dragged.fromX)), timeAt(Math.max(clientX, dragged.fromX)));
  release();
});
document.addEventListener('pointercancel', release);
addEventListener('scroll', hush, { passive: true });

/** Left and right go from mark to mark, up and down from lane to lane. */
let at = -1;
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') { release(); hush(); return; }
  const found = event.target.matches?.('[data-lane] svg') && laneAt(event.target);
  if (!found) return;
  const { one, shown, svg } = found;
  const row = svg.closest('[data-lane]');
  const beside = event.key === 'ArrowDown' ? row.nextElementSibling : event.key === 'ArrowUp' ? row.previousElementSibling : undefined;
  const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (beside === undefined && step === 0) return;
  event.preventDefault();
  if (step === 0) return beside?.querySelector('[data-lane] > svg')?.focus();
  at = at === -1 && step === -1 ? one.spans.length - 1 : Math.max(0, Math.min(one.spans.length - 1, at + step));
  const each = one.spans[at];
  if (each === undefined) return;
  const { left, bottom, width } = svg.getBoundingClientRect();
  const line = described(each, shown);
  tell([line], left + scaleOf(shown)(shown.fromMs + each[1]) / wide * width, bottom - 12);
  byId('said').textContent = tip.textContent;
});
document.addEventListener('focusin', ({ target }) => {
  at = -1;
  if (!target.matches?.('[data-lane] > svg')) return hush();
  current = target.parentNode.dataset.lane;
  for (const other of document.querySelectorAll('[data-lane] > svg')) other.setAttribute('tabindex', other === target ? 0 : -1);
});
`;
