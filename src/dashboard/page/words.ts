/** How the page says times, lengths and who somebody is. A part of its script. */
export const words: string = /* js */ `
const name = (text) => make('bdi', { dir: 'auto' }, text);
const plural = (count, one, many = one + 's') => count + ' ' + (count === 1 ? one : many);

function span(ms) {
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return Math.round(s * 1000) + ' ms';
  if (s < 10) return s.toFixed(1) + ' s';
  if (s < 120) return Math.round(s) + ' s';
  if (s < 7200) return Math.round(s / 60) + ' min';
  return s < 172800 ? Math.round(s / 3600) + ' h' : Math.round(s / 86400) + ' days';
}
const whole = (ms) => ms < 1000 ? 'less than 1 s' : span(Math.floor(ms / 1000) * 1000).replace('.0', '');
const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const minute = (ms) => new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = (ms) => new Date(ms).toLocaleDateString([], { weekday: 'short', day: 'numeric', month: 'short' });
/** With its day, unless that is today. */
const when = (ms) => (new Date(ms).toDateString() === new Date(now()).toDateString() ? '' : day(ms) + ', ') + clock(ms);
const pair = (q) => span(q.p50) + ' / ' + span(q.p99);

function holder({ job, host, pid, mode }) {
  return [job === undefined ? 'a job without a name' : jobLink(job), ' on ', name(host), ' (pid ' + pid + ', ' + mode + ')'];
}
function jobLink(job, ...before) {
  return make('a', { href: hashOf({ ...asked, job }) }, ...before, name(job));
}

/** A job has the same colour on every page: by its name, or the next that is free. It keeps it as long as the page is open. */
const colours = 10;
const colourOf = new Map();
function colour(job) {
  if (!colourOf.has(job)) {
    let at = [...job].reduce((sum, letter) => (31 * sum + letter.codePointAt(0)) % 9973, 7) % colours;
    const taken = new Set(colourOf.values());
    while (taken.size < colours && taken.has('c' + at)) at = (at + 1) % colours;
    colourOf.set(job, 'c' + at);
  }
  return colourOf.get(job);
}
const giveColours = (jobs) => [...jobs].sort().forEach(colour);
const swatch = (job) => make('svg', { class: 'swatch', viewBox: '0 0 10 10', 'aria-hidden': 'true' }, make('rect', { class: colour(job), width: 10, height: 10, rx: 2 }));
`;
