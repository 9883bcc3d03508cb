/** Who is in whose way, what to do about it, and the jobs. A part of the page's script. */
export const lists: string = /* js */ `
const columns = 12;

/** The names that come up most often, by what \`of\` takes of a pair. */
function frequent(pairs, of) {
  const counts = new Map();
  for (const each of pairs) counts.set(of(each), (counts.get(of(each)) ?? 0) + each.skips + each.waits);
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, columns).map(([text]) => text);
}
const moreTimes = (count) => count === 0 ? undefined : make('p', { class: 'faint' }, 'and ' + plural(count, 'skip or wait', 'skips and waits') + ' of jobs that are not shown here');
function matrix({ pairs, pairsLeftOff }) {
  if (pairs.length === 0) return [make('p', { class: 'faint' }, 'Nobody was in anybody’s way.')];
  const most = Math.max(...pairs.map(({ skips, waits }) => skips + waits));
  const by = frequent(pairs, (each) => each.by);
  const blocked = frequent(pairs, (each) => each.blocked);
  const left = pairs.filter((each) => !by.includes(each.by) || !blocked.includes(each.blocked)).reduce((sum, { skips, waits }) => sum + skips + waits, pairsLeftOff);
  const cell = (job, blocker) => {
    const each = pairs.find((one) => one.blocked === job && one.by === blocker);
    if (each === undefined) return make('td', {});
    const counts = [each.skips > 0 && plural(each.skips, 'skip'), each.waits > 0 && plural(each.waits, 'wait')].filter((text) => text);
    return make('td', { class: 'heat' + Math.ceil((each.skips + each.waits) / most * 4) }, ...counts.flatMap((text, index) => index === 0 ? [text] : [make('br', {}), text]));
  };
  const board = make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Blocked and by whom' },
    make('table', { class: 'matrix' },
      make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'was blocked ↓ by →'), ...by.map((job) => make('th', { scope: 'col' }, swatch(job), name(job))))),
      make('tbody', {}, blocked.map((job) =>
        make('tr', { 'data-key': job, 'data-blocked': job }, make('th', { scope: 'row' }, swatch(job), jobLink(job)), ...by.map((blocker) => cell(job, blocker)))))));
  return [board, moreTimes(left)];
}

const reasons = { busy: 'busy', 'store-down': 'the store did not answer', closed: 'the locker was closed', aborted: 'aborted' };

function skip(last) {
  if (last === undefined) return ['none'];
  const who = last.holders.flatMap((one) => [', held by ', ...holder(one)]);
  return [when(last.atMs) + ', ', name(last.resource), ': ' + reasons[last.reason], ...who];
}
function lastRun({ isRunning, lastRunMs }) {
  if (isRunning) return 'now, since ' + clock(lastRunMs);
  return lastRunMs === undefined ? 'none' : whole(now() - lastRunMs) + ' ago';
}
function jobRow(one) {
  const cell = (label, kind, ...content) => make('td', { 'data-label': label, class: kind }, ...content);
  return make('tr', { 'data-key': (one.isNamed ? 'job ' : 'table ') + one.job, 'data-job': one.job },
    make('th', { scope: 'row' }, ...(one.isNamed ? [swatch(one.job), jobLink(one.job)] : ['a job without a name on ', name(one.job)]),
      one.isStarving ? make('div', { class: 'starving' }, 'starving: ' + one.skipsInARow + ' skips in a row') : undefined),
    cell('last run', 'number', lastRun(one)),
    cell('runs', 'number', String(one.runs)),
    cell('skips', 'number', String(one.skips)),
    cell('last skip', undefined, ...skip(one.lastSkip)));
}
function jobTable({ jobs, jobsLeftOff }) {
  if (jobs.length === 0) return [make('p', { class: 'faint' }, 'No job ran or was skipped in this time, as far as is known.')];
  const head = ['Job', 'Last run', 'Runs', 'Skips', 'Last skip, and why'].map((text) => make('th', { scope: 'col' }, text));
  return [
    make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, jobs.map(jobRow))),
    jobsLeftOff > 0 ? make('p', { class: 'faint' }, 'and ' + jobsLeftOff + ' more') : undefined,
  ];
}

function drawLists() {
  show('advice', past.advice.length === 0 ? make('p', { class: 'faint' }, 'Nothing needs a change, as far as is seen.') : make('ol', {}, past.advice.map((text) => make('li', {}, make('bdi', {}, text)))));
  show('pairs', ...matrix(past));
  show('jobs', jobTable(past));
}
`;
