import { elements } from './elements.ts';
import { jobPart } from './job.ts';
import { lanesPart } from './lanes.ts';
import { lists } from './lists.ts';
import { nowPart } from './now.ts';
import { pointing } from './pointing.ts';
import { words } from './words.ts';

/**
 * What the page runs. It is served as it stands, so it is plain JavaScript, without a build. Data goes into text nodes and
 * attributes alone; the page's policy (Trusted Types) refuses every way to make markup or code of it.
 */
export const script: string = /* js */ `'use strict';
const base = document.querySelector('main').dataset.base;
const byId = (id) => document.getElementById(id);
let view;
let past;
let jobPast;
let aheadMs = 0;
const now = () => Date.now() + aheadMs;
const show = (id, ...children) => adopt(byId(id), make('div', {}, ...children));

const hourMs = 3600000;
const ranges = { '1h': hourMs, '24h': 24 * hourMs, '7d': 168 * hourMs };
const shortestMs = 10000;

/** What is asked for stands in the address: a link shows what its sender saw. */
let asked = askedIn(location.hash);
function askedIn(hash) {
  const given = new URLSearchParams(hash.slice(1));
  const [fromMs, toMs] = [Number(given.get('from')), Number(given.get('to'))];
  const job = given.get('job') ?? undefined;
  const isTime = [fromMs, toMs].every((ms) => Number.isSafeInteger(ms) && ms >= 0);
  return isTime && toMs - fromMs >= shortestMs && toMs - fromMs <= ranges['7d'] ? { fromMs, toMs, job } : { last: Object.hasOwn(ranges, given.get('last')) ? given.get('last') : '1h', job };
}
function hashOf({ last, fromMs, toMs, job }) {
  return '#' + new URLSearchParams({ ...(last === undefined ? { from: fromMs, to: toMs } : { last }), ...(job !== undefined && { job }) });
}
const queryOf = ({ last, fromMs, toMs, job }) =>
  new URLSearchParams({ ...(last === undefined ? { fromMs, toMs } : { lastMs: ranges[last] }), ...(job !== undefined && { job }) });
const lengthOf = ({ last, fromMs, toMs }) => last === undefined ? toMs - fromMs : ranges[last];

function choose(fromMs, toMs) {
  const lengthMs = Math.max(shortestMs, Math.min(ranges['7d'], Math.round(toMs - fromMs)));
  const lastMs = Math.min(Math.round(fromMs) + lengthMs, Math.round(now()));
  location.hash = hashOf({ fromMs: lastMs - lengthMs, toMs: lastMs, job: asked.job });
}
const isUntilNow = () => asked.last !== undefined || now() - asked.toMs < lengthOf(asked) / 20;
const moves = {
  earlier: (from, length) => [from - length / 2, from + length / 2],
  later: (from, length) => [from + length / 2, from + length * 1.5],
  in: (from, length, isUntilNow) => isUntilNow ? [from + length / 2, from + length] : [from + length / 4, from + length * 3 / 4],
  out: (from, length) => [from - length / 2, from + length * 1.5],
};
byId('range').addEventListener('click', ({ target }) => {
  const { last, move } = target.dataset;
  if (last !== undefined) location.hash = hashOf({ last, job: asked.job });
  if (move !== undefined) choose(...moves[move](asked.fromMs ?? now() - lengthOf(asked), lengthOf(asked), isUntilNow()));
});
${elements}${words}${nowPart}${lanesPart}${lists}${jobPart}${pointing}
function drawRange() {
  for (const button of document.querySelectorAll('[data-last]')) button.setAttribute('aria-pressed', button.dataset.last === asked.last);
  const shown = asked.job === undefined ? past : jobPast;
  if (shown === undefined) return;
  const missing = shown.knownFromMs <= shown.fromMs ? '' : (shown.isCut ? '; the journal was read back to ' : '; reading the journal, so far back to ') + when(shown.knownFromMs);
  byId('shown').textContent = (asked.last === undefined ? when(shown.fromMs) + ' to ' + when(shown.toMs) : 'the last ' + asked.last.replace('h', ' h').replace('d', ' days').replace(/^1 h/, 'hour')) + missing;
}

function draw() {
  if (view === undefined) return;
  drawNow();
  const isBoard = asked.job === undefined;
  byId('board').hidden = !isBoard;
  byId('job-page').hidden = isBoard;
  byId('range').hidden = !view.hasJournal;
  for (const section of document.querySelectorAll('.of-past')) section.hidden = !view.hasJournal;
  byId('no-journal').hidden = view.hasJournal;
  drawRange();
  if (!isBoard) return drawJob();
  if (past === undefined) return;
  const stateOf = new Map(busyTables().map(({ resource, state }) => [resource, state]));
  show('timeline', ...(past.lanes.length === 0 ? [make('p', { class: 'faint' }, 'Nothing was held or skipped in this time, as far as is known.')] : timeline(past, stateOf)),
    past.lanesLeftOff > 0 ? make('p', { class: 'faint', 'data-key': ' more' }, 'and ' + past.lanesLeftOff + ' more tables') : undefined, unused());
  drawLists();
}

let isAsking = false;
let dueMs = 0;
/** A picture that would change by less than a point is left as it is. */
async function askPast() {
  if (isAsking || !view?.hasJournal || document.hidden || Date.now() < dueMs) return;
  isAsking = true;
  const wanted = asked;
  const startMs = Date.now();
  try {
    const answer = await fetch(base + '/api/past?' + queryOf(wanted));
    if (!answer.ok) throw new Error(String(answer.status));
    const answered = await answer.json();
    if (wanted !== asked) return;
    giveColours(answered.names);
    if (asked.job === undefined) past = answered;
    else jobPast = answered;
    const isPart = answered.knownFromMs > answered.fromMs && !answered.isCut && answered.problems.length === 0;
    // Who reads a long time shows its progress, but does not spend the time on that.
    dueMs = Date.now() + (isPart ? 2 * (Date.now() - startMs) : answered.problems.length > 0 ? 2000 : asked.last === undefined ? hourMs : Math.max(2000, Math.min(60000, lengthOf(asked) / 1200)));
    draw();
  } catch {
    dueMs = Date.now() + 2000;
  } finally {
    isAsking = false;
  }
}
addEventListener('hashchange', () => {
  const before = asked;
  asked = askedIn(location.hash);
  if (before.job !== asked.job) jobPast = undefined;
  hush();
  dueMs = 0;
  draw();
  askPast();
  if (before.job !== asked.job) (asked.job === undefined ? byId('title') : byId('job-title')).focus();
});

let events;
let isLive = false;
let heardMs = Date.now();
/** The server says something every 15 s, if only the same again. A wire that broke without a word tells of no error. */
const silentMs = 40000;

function live(is) {
  isLive = is;
  byId('connection').textContent = is ? 'live' : 'Not connected; what is shown may be old. Trying again…';
}

function connect() {
  heardMs = Date.now();
  events = new EventSource(base + '/api/events');
  const own = events;
  events.onmessage = ({ data }) => {
    const isFirst = view === undefined;
    view = JSON.parse(data);
    heardMs = Date.now();
    aheadMs = view.atMs - heardMs;
    live(true);
    // What has changed now is soon in the past of the last hour.
    if (asked.last === '1h') dueMs = Math.min(dueMs, heardMs + 1000);
    draw();
    if (isFirst) askPast();
  };
  events.onerror = () => {
    live(false);
    // Refused, not cut off: the page itself says why, for instance by asking for the token.
    if (own.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
  };
}

function watch() {
  if (Date.now() - heardMs > silentMs) {
    events.close();
    live(false);
    connect();
  }
  if (view !== undefined) drawNow();
  askPast();
}

// What has the focus is scrolled to a place below the bar, which lies over the top of the page.
new ResizeObserver(() => { document.documentElement.style.scrollPaddingTop = byId('range').offsetHeight + 'px'; }).observe(byId('range'));
connect();
setInterval(watch, 1000);
`;
