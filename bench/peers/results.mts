import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const page = new URL('../RESULTS.md', import.meta.url);
const chart = new URL('../peers.svg', import.meta.url);

/** Puts a section of bench/RESULTS.md in the place of its last version, and leaves the others alone. */
export function writeSection(id: string, title: string, lines: readonly string[]): void {
  const open = `<!-- ${id} -->`;
  const close = `<!-- /${id} -->`;
  const section = `${open}\n## ${title}\n\n${lines.join('\n').trim()}\n${close}`;
  const before = existsSync(page) ? readFileSync(page, 'utf8') : '# Results\n';
  const start = before.indexOf(open);
  const end = before.indexOf(close);
  const after =
    start === -1 || end === -1
      ? `${before.trimEnd()}\n\n${section}\n`
      : before.slice(0, start) + section + before.slice(end + close.length);
  writeFileSync(page, after);
}

/** Two bar charts side by side, readable on light and dark ground. */
export function writeChart(
  alone: readonly { name: string; perSecond: number; ours: boolean }[],
  crowd: readonly { name: string; longestCycles: number; ours: boolean }[],
): void {
  const left = bars(
    'lock + unlock per second, 64 in flight (more is better)',
    alone.map(({ name, perSecond, ours }) => ({ name, value: perSecond, ours, label: Math.round(perSecond).toLocaleString('en') })),
    0,
  );
  const right = bars(
    'longest wait in fair cycles, 4 × 8 waiters, hold 5 ms (less is better)',
    crowd.map(({ name, longestCycles, ours }) => ({ name, value: longestCycles, ours, label: longestCycles.toFixed(1) })),
    460,
  );
  const height = 50 + Math.max(alone.length, crowd.length) * 26;
  writeFileSync(
    chart,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="giveway beside its peers">
<style>text { fill: #444 } .ours { fill: #1a7f64 } .peer { fill: #9aa5b1 } @media (prefers-color-scheme: dark) { text { fill: #ccc } .ours { fill: #3fc79a } .peer { fill: #5c6773 } }</style>
${left}
${right}
</svg>
`,
  );
}

function bars(title: string, rows: readonly { name: string; value: number; ours: boolean; label: string }[], x: number): string {
  const most = Math.max(...rows.map(({ value }) => value), Number.MIN_VALUE);
  const drawn = rows.map(({ name, value, ours, label }, index) => {
    const y = 40 + index * 26;
    const width = Math.max(1, (value / most) * 180);
    return `<text x="${x + 190}" y="${y + 12}" text-anchor="end">${name.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text><rect class="${ours ? 'ours' : 'peer'}" x="${x + 198}" y="${y}" width="${width.toFixed(1)}" height="16" rx="2"/><text x="${x + 204 + width}" y="${y + 12}">${label}</text>`;
  });
  return [`<text x="${x + 8}" y="20" font-weight="600">${title}</text>`, ...drawn].join('\n');
}
