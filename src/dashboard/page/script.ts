import { elements } from './elements.ts';

/**
 * What the page runs. It is served as it stands, so it is plain JavaScript, without a build. Data goes into text nodes and
 * attributes alone; the page's policy (Trusted Types) refuses every way to make markup or code of it.
 */
export const script: string = /* js */ `'use strict';
${elements}
const base = document.querySelector('main').dataset.base;
const byId = (id) => document.getElementById(id);
let view;
let aheadMs = 0;
let asked;

const name = (text) => make('bdi', { dir: 'auto' }, text);
const now = () => Date.now() + aheadMs;

function span(ms) {
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return Math.round(s * 1000) + ' ms';
  if (s < 10) return s.toFixed(1) + ' s';
  if (s < 120) return Math.round(s) + ' s';
  if (s < 7200) return Math.round(s / 60) + ' min';
  return s < 172800 ? Math.round(s / 3600) + ' h' : Math.round(s / 86400) + ' days';
}
const whole = (ms) => ms < 1000 ? 'less than 1 s' : span(Math.floor(ms / 1000) * 1000).replace('.0', '');
const clock = (ms) => new Date(ms).toLocaleTimeString();
const percent = (part) => part === undefined ? '–' : Math.round(part * 100) + ' %';
const pair = (q) => q === undefined ? '–' : span(q.p50) + ' / ' + span(q.p99);

function holder({ job, host, pid, mode }) {
  return [job === undefined ? 'a job without a name' : name(job), ' on ', name(host), ' (pid ' + pid + ', ' + mode + ')'];
}
function holding(one) {
  const end = one.latestEndMs === undefined ? '' : ', until ' + clock(one.latestEndMs) + ' at the latest';
  return make('li', {}, 'held by ', ...holder(one), ', for ' + whole(now() - one.sinceMs) + end);
}
const waitingShown = 5;
function inLine(one, index) {
  return make('li', {}, (index === 0 ? 'next in line: ' : 'place ' + (index + 1) + ': '), ...holder(one), ', for ' + whole(now() - one.sinceMs));
}

const kinds = { held: 'held', unprotected: 'ran without a lock', lost: 'lock lost', skip: 'skipped', conflict: 'conflict' };
const shapes = { held: [6, 11], unprotected: [6, 11], lost: [6, 11], skip: [20, 7], conflict: [0, 5] };

function mark(kind, x, width) {
  const [y, height] = shapes[kind];
  return make('rect', { class: kind, x, y, width, height });
}
function timeline({ past }, toMs) {
  const x = (ms) => Math.max(0, Math.min(3600, (ms - toMs) / 1000 + 3600));
  const marks = past.spans.map((one) => {
    const left = x(one.fromMs);
    const width = Math.max(10, x(one.toMs ?? toMs) - left);
    return mark(one.kind, Math.min(left, 3590), width);
  });
  const quarters = [900, 1800, 2700].map((at) => make('rect', { class: 'quarter', x: at, y: 0, width: 3, height: 30 }));
  const label = 'The last hour: ' + past.holds + ' holds, ' + past.skips + ' skips, ' + past.conflicts + ' conflicts';
  return [
    make('svg', { viewBox: '0 0 3600 30', preserveAspectRatio: 'none', role: 'img', 'aria-label': label }, ...quarters, ...marks),
    make('div', { class: 'axis faint', 'aria-hidden': 'true' }, make('span', {}, clock(toMs - 3600000)), make('span', {}, clock(toMs))),
  ];
}

function legend() {
  return make('div', { class: 'legend faint' }, Object.entries(kinds).map(([kind, words]) =>
    make('span', {}, make('svg', { viewBox: '0 0 20 30', 'aria-hidden': 'true' }, mark(kind, 4, 12)), words)));
}

function numbers({ past }) {
  const cells = [['holds', past.holds], ['skipped', past.skips + ' (' + percent(past.skipRate) + ')'], ['conflicts', past.conflicts],
    ['wait p50 / p99', pair(past.waitMs)], ['hold p50 / p99', pair(past.holdMs)]];
  return make('dl', { class: 'numbers' }, cells.map(([term, value]) => make('div', {}, make('dt', {}, term), make('dd', {}, String(value)))));
}

const states = { free: 'free', held: 'held', 'min-hold': 'rests', unknown: 'not known' };

function table(one, toMs) {
  const { resource, title, state, holders, holdersLeftOff, places, waiting, waitingLeftOff } = one;
  const of = places === undefined ? '' : ', ' + places.taken + ' of ' + places.limit;
  return make('article', { class: 'card', 'data-key': resource, 'data-table': resource, 'data-state': state },
    make('header', {}, make('h3', {}, name(title)), make('span', { class: 'state ' + state }, states[state] + of)),
    holders.length === 0 ? undefined : make('ul', {}, holders.map(holding)),
    holdersLeftOff === 0 ? undefined : make('p', {}, 'and ' + holdersLeftOff + ' more'),
    waiting.length === 0 ? undefined : make('ol', { class: 'line', 'aria-label': 'In line' }, waiting.slice(0, waitingShown).map(inLine)),
    waiting.length + waitingLeftOff > waitingShown
      ? make('p', {}, 'and ' + (waiting.length + waitingLeftOff - waitingShown) + ' more in line') : undefined,
    ...(view.historyFromMs === undefined ? [] : [...timeline(one, toMs), numbers(one)]),
    view.canUnlock && holders.length > 0 && holdersLeftOff === 0
      ? make('button', { type: 'button', 'data-unlock': resource, 'aria-label': 'Unlock ' + title }, 'Unlock…') : undefined);
}

const reasons = { busy: 'busy', 'store-down': 'the store did not answer', closed: 'the locker was closed', aborted: 'aborted' };

function skip(last) {
  if (last === undefined) return ['none'];
  const who = last.holders.flatMap((one) => [', held by ', ...holder(one)]);
  return [clock(last.atMs) + ', ', name(last.resource), ': ' + reasons[last.reason], ...who];
}
function lastRun({ isRunning, lastRunMs }) {
  if (isRunning) return 'now, since ' + clock(lastRunMs);
  return lastRunMs === undefined ? 'none' : whole(now() - lastRunMs) + ' ago';
}
function job(one) {
  const cell = (label, kind, ...content) => make('td', { 'data-label': label, class: kind }, ...content);
  return make('tr', { 'data-key': (one.isNamed ? 'job ' : 'table ') + one.job, 'data-job': one.job },
    make('th', { scope: 'row' }, one.isNamed ? undefined : 'a job without a name on ', name(one.job),
      one.isStarving ? make('div', { class: 'starving' }, 'starving: ' + one.skipsInARow + ' skips in a row') : undefined),
    cell('last run', 'number', lastRun(one)),
    cell('runs', 'number', String(one.runs)),
    cell('skips', 'number', String(one.skips)),
    cell('last skip', undefined, ...skip(one.lastSkip)));
}
function jobTable({ jobs, jobsLeftOff }) {
  const head = ['Job', 'Last run', 'Runs', 'Skips', 'Last skip, and why'].map((text) => make('th', { scope: 'col' }, text));
  return [
    make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, jobs.map(job))),
    jobsLeftOff > 0 ? make('p', { class: 'faint' }, 'and ' + jobsLeftOff + ' more') : undefined,
  ];
}

function noTables(hasPast) {
  if (view.listsAll) return 'No tables: nothing is locked, ' + (hasPast ? 'none are named, and none was used in the last hour.' : 'and none are named.');
  return 'No tables are named' + (hasPast ? ' or were in the journal of the last hour' : '')
    + ', and the store is not asked for a list (Memcached, Redis and Momento have none): a table may be held and not be seen here. '
    + 'Name the tables as resources, in the config or to the dashboard' + (hasPast ? '.' : ', or keep a journal.');
}

function draw() {
  if (view === undefined) return;
  const toMs = Math.ceil(now() / 5000) * 5000;
  const hasPast = view.historyFromMs !== undefined;
  const none = (text) => make('p', { class: 'faint' }, text);
  const show = (id, ...children) => adopt(byId(id), make('div', {}, ...children));
  const starving = view.jobs.filter(({ isStarving }) => isStarving);
  show('problems', view.problems.map((text) => make('li', {}, text)),
    starving.map((one) => make('li', {}, name(one.job), ' is starving: ' + one.skipsInARow + ' skips in a row')));
  show('tables',
    hasPast ? legend() : none('There is no journal: what happened before is not known.'),
    hasPast && view.historyFromMs > view.atMs - 3590000 ? none('The journal was read back to ' + clock(view.historyFromMs) + '.') : undefined,
    view.tables.length === 0 ? none(noTables(hasPast)) : undefined,
    make('div', { class: 'cards' }, view.tables.map((one) => table(one, toMs))),
    view.tablesLeftOff > 0 ? none('and ' + view.tablesLeftOff + ' more tables') : undefined);
  show('jobs', view.jobs.length === 0 ? none('No job ran or was skipped in the last hour, as far as is known.') : jobTable(view));
}

function connect() {
  const events = new EventSource(base + '/api/events');
  events.onmessage = ({ data }) => {
    view = JSON.parse(data);
    aheadMs = view.atMs - Date.now();
    byId('connection').textContent = 'live';
    draw();
  };
  events.onerror = () => {
    byId('connection').textContent = 'Not connected; what is shown may be old. Trying again…';
    // Refused, not cut off: the page itself says why, for instance by asking for the token.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
  };
}

document.addEventListener('click', ({ target }) => {
  const button = target.closest?.('[data-unlock]');
  const one = button && view.tables.find(({ resource }) => resource === button.dataset.unlock);
  if (!one) return;
  asked = { resource: one.resource, holders: one.holders.map(({ id }) => id) };
  byId('unlock-resource').textContent = one.title;
  byId('unlock-holders').replaceChildren(...one.holders.map(holding));
  byId('unlock-answer').textContent = '';
  byId('unlock-remove').hidden = false;
  byId('unlock').showModal();
});

const answers = { 200: 'Removed.', 409: 'Kept: somebody else holds it by now. Look again.', 401: 'Your session is over. Load the page again.' };

document.querySelector('#unlock form').addEventListener('submit', async (event) => {
  if (event.submitter?.value !== 'remove') return;
  event.preventDefault();
  byId('unlock-remove').hidden = true;
  const body = JSON.stringify({ ...asked, confirm: asked.resource });
  const headers = { 'Content-Type': 'application/json' };
  const status = await fetch(base + '/api/unlock', { method: 'POST', headers, body }).then((answer) => answer.status, () => 0);
  byId('unlock-answer').textContent = answers[status] ?? 'It did not work: the store or the dashboard does not answer.';
  if (status === 200) setTimeout(() => byId('unlock').close(), 1000);
});

connect();
setInterval(draw, 1000);
`;
