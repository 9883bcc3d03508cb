/** The timeline: a lane for each table, one axis for all. A part of the page's script. */
export const lanesPart: string = /* js */ `
const wide = 1000;
const narrowest = 3;
const kinds = { held: 'held', unprotected: 'ran without a lock', lost: 'lock lost', skip: 'skipped', conflict: 'conflict' };
/** Where a mark stands in its lane: what it is can be told without its colour. */
const shapes = { held: [5, 13], unprotected: [19, 2], lost: [19, 2], skip: [22, 8], conflict: [0, 30], ahead: [9, 5] };
const isHold = (kind) => kind === 'held' || kind === 'unprotected' || kind === 'lost';

const endOf = ({ fromMs, toMs, ahead }) => ahead?.length > 0 ? toMs + (toMs - fromMs) * 0.15 : toMs;
const scaleOf = (past) => (ms) => Math.max(0, Math.min(wide, (ms - past.fromMs) / (endOf(past) - past.fromMs) * wide));

/** Rectangles of one class are one path: a week has tens of thousands. */
function draft(x) {
  const paths = new Map();
  return {
    /** \`row\` of \`rows\`: what goes on at one time stands one below the other. */
    add(kind, classes, fromMs, toMs, { row, rows } = alone) {
      const [top, whole] = shapes[kind];
      const [y, height] = rows === 1 ? [top, whole] : [(top + row * whole / rows).toFixed(1), (whole / rows - 0.5).toFixed(1)];
      const left = Math.min(x(fromMs), wide - narrowest);
      const width = Math.max(narrowest, x(toMs) - left);
      paths.set(classes, (paths.get(classes) ?? '') + 'M' + left.toFixed(1) + ' ' + y + 'h' + width.toFixed(1) + 'v' + height + 'h-' + width.toFixed(1) + 'z');
    },
    paths: () => [...paths].map(([classes, d]) => make('path', { class: classes, d })),
  };
}

const alone = { row: 0, rows: 1 };
const mostRows = 5;
/** Who held at one time, as sharers do, in rows: for each span of a lane its own, and how many there are of those that meet. */
function rowsOf(spans) {
  const rowOf = new Map();
  let met = [];
  let freeAt = [];
  const close = () => { for (const span of met) rowOf.get(span).rows = freeAt.length; met = []; freeAt = []; };
  for (const span of spans) {
    const [kind, from, to] = span;
    if (!isHold(kind)) continue;
    if (freeAt.every((free) => free <= from)) close();
    let row = freeAt.findIndex((free) => free <= from);
    if (row === -1) row = freeAt.length < mostRows ? freeAt.length : freeAt.indexOf(Math.min(...freeAt));
    freeAt[row] = Math.max(freeAt[row] ?? 0, to === -1 ? Infinity : to);
    rowOf.set(span, { row });
    met.push(span);
  }
  close();
  return rowOf;
}

function lane(one, past, stateOf, isFirst) {
  const x = scaleOf(past);
  const length = past.toMs - past.fromMs;
  const marks = draft(x);
  const rowOf = rowsOf(one.spans);
  for (const span of one.spans) {
    const [kind, from, to, job] = span;
    const end = past.fromMs + (to === -1 ? length : to);
    const at = past.fromMs + from;
    if (isHold(kind)) marks.add('held', colour(past.names[job]), at, end, rowOf.get(span));
    if (kind !== 'held') marks.add(kind, kind, at, end);
  }
  for (const { table, job, fromMs, toMs } of past.ahead ?? []) if (table === one.resource) marks.add('ahead', 'ahead ' + colour(job), fromMs, toMs);
  const counts = [plural(one.holds, 'hold'), one.skips > 0 && plural(one.skips, 'skip'), one.conflicts > 0 && plural(one.conflicts, 'conflict')].filter((text) => text);
  const state = stateOf?.get(one.resource);
  return make('div', { class: 'lane', 'data-key': one.resource, 'data-lane': one.resource },
    make('div', { class: 'lane-name' }, name(one.title), state === undefined ? undefined : make('span', { class: 'state ' + state }, states[state])),
    make('svg', { viewBox: '0 0 ' + wide + ' 30', preserveAspectRatio: 'none', role: 'img', tabindex: isFirst ? 0 : -1,
      'aria-label': one.title + ': ' + counts.join(', ') }, ...marks.paths(),
      past.ahead?.length > 0 ? make('rect', { class: 'edge', x: x(past.toMs), y: 0, width: 1, height: 30 }) : undefined));
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].map((s) => s * 1000);
function axis(past) {
  const length = endOf(past) - past.fromMs;
  const step = steps.find((ms) => length / ms <= (innerWidth < 640 ? 4 : 9)) ?? 86400000;
  const offsetMs = new Date(past.fromMs).getTimezoneOffset() * 60000;
  const ticks = [];
  for (let at = Math.ceil((past.fromMs - offsetMs) / step) * step + offsetMs; at < endOf(past); at += step) ticks.push(at);
  const x = (at) => scaleOf(past)(at) / wide * 100;
  const text = (at) => step >= 86400000 ? day(at) : step < 60000 ? clock(at) : minute(at);
  const isDay = (at) => step < 86400000 && step >= 3600000 && new Date(at).getHours() === 0;
  return make('div', { class: 'lane axis', 'data-key': ' axis', 'aria-hidden': 'true' }, make('div', { class: 'lane-name' }),
    make('svg', {},
      ...ticks.map((at) => make('line', { class: 'tick', x1: x(at) + '%', x2: x(at) + '%', y1: 15, y2: 20 })),
      ...ticks.map((at) => make('text', { x: x(at) + '%', y: 12, 'text-anchor': x(at) < 4 ? 'start' : x(at) > 96 ? 'end' : 'middle' }, isDay(at) ? day(at) : text(at)))));
}

function legend(past) {
  const mark = (kind, classes = kind) => {
    const marks = draft((ms) => ms);
    marks.add(kind === 'unprotected' || kind === 'lost' ? 'held' : kind, kind === 'held' || kind === 'ahead' ? classes + ' c0' : 'c0', 0, 16);
    if (kind !== 'held' && kind !== 'ahead') { marks.add(kind, kind, 0, kind === 'conflict' || kind === 'skip' ? 4 : 16); }
    const paths = marks.paths();
    const viewBox = kind === 'skip' ? '-6 11 16 30' : kind === 'conflict' ? '-6 0 16 30' : '0 0 16 30';
    return make('svg', { viewBox, 'aria-hidden': 'true' }, ...(kind === 'skip' || kind === 'conflict' ? paths.slice(-1) : paths));
  };
  const seen = new Set(past.lanes.flatMap(({ spans }) => spans.map(([kind]) => kind)));
  const shown = Object.entries(kinds).filter(([kind]) => seen.has(kind) && kind !== 'held');
  const jobs = past.names.filter((job, index) => index < colours);
  return make('div', { class: 'legend faint', 'data-key': ' legend' },
    ...jobs.map((job) => make('span', {}, swatch(job), name(job))),
    past.names.length > jobs.length ? make('span', {}, 'and ' + (past.names.length - jobs.length) + ' more jobs') : undefined,
    ...shown.map(([kind, text]) => make('span', {}, mark(kind), text)),
    past.ahead?.length > 0 ? make('span', {}, mark('ahead'), 'expected') : undefined);
}

/** The lane that Tab leads to. */
let current;
function timeline(past, stateOf) {
  const isIn = past.lanes.some(({ resource }) => resource === current);
  return [legend(past), axis(past), ...past.lanes.map((one, index) => lane(one, past, stateOf, isIn ? one.resource === current : index === 0))];
}

function unused() {
  const seen = new Set(past.lanes.map(({ resource }) => resource));
  const others = view.tables.filter(({ resource }) => !seen.has(resource));
  if (others.length === 0) return undefined;
  return make('details', { 'data-key': ' unused' }, make('summary', {}, plural(others.length, 'table') + ' not used in this time'),
    make('p', { class: 'names' }, others.flatMap(({ title, resource }, index) => [index === 0 ? '' : ', ', make('bdi', { dir: 'auto', 'data-unused': resource }, title)])));
}
`;
