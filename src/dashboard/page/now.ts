/** What is held and waited for, and the removal of a lock. A part of the page's script. */
export const nowPart: string = /* js */ `
function holding(one) {
  const end = one.latestEndMs === undefined ? '' : ', until ' + when(one.latestEndMs) + ' at the latest';
  return make('li', {}, 'held by ', ...holder(one), ', for ' + whole(now() - one.sinceMs) + end);
}
const waitingShown = 5;
function inLine(one, index) {
  return make('li', {}, (index === 0 ? 'next in line: ' : 'place ' + (index + 1) + ': '), ...holder(one), ', for ' + whole(now() - one.sinceMs));
}
const inLineOf = ({ waiting, waitingLeftOff }) => waiting.length + waitingLeftOff;
const states = { free: 'free', held: 'held', 'min-hold': 'rests', unknown: 'not known' };

function card(one) {
  const { resource, title, state, holders, holdersLeftOff, places, waiting } = one;
  const of = places === undefined ? '' : ', ' + places.taken + ' of ' + places.limit;
  return make('article', { class: 'card', 'data-key': resource, 'data-table': resource, 'data-state': state },
    make('header', {}, make('h3', {}, name(title)), make('span', { class: 'state ' + state }, states[state] + of)),
    holders.length === 0 ? undefined : make('ul', {}, holders.map(holding)),
    holdersLeftOff === 0 ? undefined : make('p', {}, 'and ' + holdersLeftOff + ' more'),
    waiting.length === 0 ? undefined : make('ol', { class: 'line', 'aria-label': 'In line' }, waiting.slice(0, waitingShown).map(inLine)),
    inLineOf(one) > waitingShown ? make('p', {}, 'and ' + (inLineOf(one) - waitingShown) + ' more in line') : undefined,
    view.canUnlock && holders.length > 0 && holdersLeftOff === 0
      ? make('button', { type: 'button', 'data-unlock': resource, 'aria-label': 'Unlock ' + title }, 'Unlock…') : undefined);
}

function noTables() {
  const hasPast = view.hasJournal;
  if (view.listsAll) return 'No tables: nothing is locked, ' + (hasPast ? 'none are named, and none was used in the last hour.' : 'and none are named.');
  return 'No tables are named' + (hasPast ? ' or were in the journal of the last hour' : '')
    + ', and the store is not asked for a list (Memcached, Redis and Momento have none): a table may be held and not be seen here. '
    + 'Name the tables as resources, in the config or to the dashboard' + (hasPast ? '.' : ', or keep a journal.');
}

/** Waited for comes first, then held. */
const busyTables = () => view.tables.filter((one) => one.state !== 'free' || inLineOf(one) > 0)
  .sort((a, b) => inLineOf(b) - inLineOf(a) || (a.state === 'held' ? 0 : 1) - (b.state === 'held' ? 0 : 1));

function summary(busy) {
  if (view.tables.length === 0) return noTables();
  const held = busy.filter(({ state }) => state === 'held').length;
  const waits = view.tables.reduce((sum, one) => sum + inLineOf(one), 0);
  const silent = busy.filter(({ state }) => state === 'unknown').length;
  const free = view.tables.filter(({ state }) => state === 'free').length;
  const parts = [[held, held + ' held'], [waits, waits + (waits === 1 ? ' waits' : ' wait')], [view.starving.length, view.starving.length + ' starving'],
    [silent, silent + ' not known'], [free, free + ' free']];
  return parts.filter(([count]) => count > 0).map(([, text]) => text).join(', ') + (view.tablesLeftOff > 0 ? ', and ' + view.tablesLeftOff + ' more that were not looked at' : '');
}

function starvingJob(one) {
  const who = one.lastSkip?.holders[0];
  return make('li', {}, one.isNamed ? jobLink(one.job) : name(one.job), ' is starving: ' + one.skipsInARow + ' skips in a row',
    ...(who === undefined ? [] : ['; last time ', name(one.lastSkip.resource), ' was held by ', ...holder(who)]));
}

function drawNow() {
  const busy = busyTables();
  const text = summary(busy);
  const place = [view.environment, view.store].filter((part) => part).join(' on ');
  document.title = [isLive ? '' : 'not connected', view.tables.length === 0 ? 'no tables' : text, place, 'giveway'].filter((part) => part).join(' · ');
  show('place', place === '' ? undefined : name(place));
  show('problems', [...view.problems, ...(past?.problems ?? []).filter((text) => !view.problems.includes(text))].map((text) => make('li', {}, text)));
  show('now', make('p', { class: view.tables.length === 0 ? 'faint' : 'summary' }, text),
    view.starving.length === 0 ? undefined : make('ul', { class: 'starving-jobs', 'aria-label': 'Starving jobs' }, view.starving.map(starvingJob)),
    make('div', { class: 'cards' }, busy.map(card)));
}

let removal;
document.addEventListener('click', ({ target }) => {
  const button = target.closest?.('[data-unlock]');
  const one = button && view.tables.find(({ resource }) => resource === button.dataset.unlock);
  if (!one) return;
  removal = { resource: one.resource, holders: one.holders.map(({ id }) => id) };
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
  const body = JSON.stringify({ ...removal, confirm: removal.resource });
  const headers = { 'Content-Type': 'application/json' };
  const status = await fetch(base + '/api/unlock', { method: 'POST', headers, body }).then((answer) => answer.status, () => 0);
  byId('unlock-answer').textContent = answers[status] ?? 'It did not work: the store or the dashboard does not answer.';
  if (status === 200) setTimeout(() => byId('unlock').close(), 1000);
});
`;
