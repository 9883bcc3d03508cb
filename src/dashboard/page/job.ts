/** The page of one job. A part of the page's script. */
export const jobPart: string = /* js */ `
function facts({ sum, holdMs, waitMs, skips }) {
  const cells = [['runs', sum?.runs], ['skips', sum?.skips], ['in a row', sum?.skipsInARow || undefined], ['last run', sum && (sum.runs > 0 ? lastRun(sum) : undefined)],
    ['held p50 / p99', holdMs && pair(holdMs)], ['waited p50 / p99', waitMs?.p99 > 0 ? pair(waitMs) : undefined]];
  return make('dl', { class: 'numbers' }, cells.filter(([, value]) => value !== undefined)
    .map(([term, value]) => make('div', {}, make('dt', {}, term), make('dd', {}, String(value)))));
}

function bars({ lengths, fromMs, toMs, job }) {
  if (lengths.length === 0) return undefined;
  const most = Math.max(1, ...lengths.map(([, heldMs]) => heldMs));
  const rects = lengths.map(([from, heldMs]) => {
    const height = Math.max(2, heldMs / most * 100);
    return make('rect', { class: colour(job), x: Math.min(from / (toMs - fromMs) * wide, wide - 4), y: 100 - height, width: 4, height });
  });
  return make('div', { class: 'lane', 'data-key': ' bars' }, make('div', { class: 'lane-name' }, 'how long it held, at most ' + span(most)),
    make('svg', { class: 'bars', viewBox: '0 0 ' + wide + ' 100', preserveAspectRatio: 'none', role: 'img', 'aria-label': 'The longest holds over time, at most ' + span(most) }, ...rects));
}

function skipRow({ atMs, resource, reason, waitedMs, holders }) {
  const who = holders.length === 0 ? [reasons[reason]] : holders.flatMap((one, index) => [index === 0 ? '' : '; ', ...holder(one), ' since ' + when(one.sinceMs)]);
  return make('tr', {}, make('th', { scope: 'row' }, when(atMs)), make('td', { 'data-label': 'table' }, name(resource)),
    make('td', { 'data-label': 'in the way' }, ...who), make('td', { class: 'number', 'data-label': 'waited' }, waitedMs > 0 ? span(waitedMs) : 'not at all'));
}
function skipTable({ skips, skipsLeftOff }) {
  if (skips.length === 0) return make('p', { class: 'faint' }, 'It was not skipped in this time.');
  const head = ['When', 'Table', 'In the way', 'Waited'].map((text) => make('th', { scope: 'col' }, text));
  return make('div', {}, make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, skips.map(skipRow))),
    skipsLeftOff > 0 ? make('p', { class: 'faint' }, 'and ' + skipsLeftOff + ' more before') : undefined);
}

/** What it holds and waits for at this moment. */
function jobNow() {
  const lines = view.tables.flatMap((one) => [
    ...one.holders.filter(({ job }) => job === asked.job).map(({ sinceMs }) => ['holds ', name(one.title), ', for ' + whole(now() - sinceMs)]),
    ...one.waiting.flatMap(({ job, sinceMs }, index) => job !== asked.job ? [] : [['waits for ', name(one.title), ', place ' + (index + 1) + ' in line, for ' + whole(now() - sinceMs),
      ...(one.holders.length === 0 ? [] : ['; held by ', ...holder(one.holders[0])])]]),
  ]);
  return lines.length === 0 ? undefined : make('ul', { 'aria-label': 'Now' }, lines.map((line) => make('li', {}, ...line)));
}

function drawJob() {
  byId('job-title').textContent = asked.job;
  if (jobPast === undefined) return show('job', jobNow());
  if (jobPast.sum === undefined) return show('job', jobNow(), make('p', { class: 'faint' }, 'It neither ran nor was skipped in this time, as far as is known.'));
  const by = jobPast.pairs.map((each) => make('li', {}, swatch(each.by), jobLink(each.by), ': ' + [each.skips > 0 && plural(each.skips, 'skip'), each.waits > 0 && plural(each.waits, 'wait')].filter((text) => text).join(', ')));
  show('job', jobNow(), facts(jobPast), make('div', { class: 'lanes' }, axis(jobPast), ...jobPast.lanes.map((one, index) => lane(one, jobPast, undefined, index === 0)), bars(jobPast)),
    make('h3', {}, 'In its way'), by.length === 0 ? make('p', { class: 'faint' }, 'Nobody.') : make('ul', {}, by), moreTimes(jobPast.pairsLeftOff),
    make('h3', {}, 'Skips'), skipTable(jobPast));
}
`;
