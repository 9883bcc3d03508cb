import { writeFileSync } from 'node:fs';

const chart = new URL('../peers.svg', import.meta.url);

interface Bar {
  readonly name: string;
  readonly value: number;
  readonly ours: boolean;
  readonly label: string;
}

/** Two bar charts side by side, on a ground of their own: the page's may be light while the reader prefers dark. */
export function writeChart(
  alone: readonly { name: string; perSecond: number; ours: boolean }[],
  crowd: readonly { name: string; longestCycles: number; ours: boolean }[],
): void {
  const rates = alone.map(({ name, perSecond, ours }) => {
    return { name, value: perSecond, ours, label: Math.round(perSecond).toLocaleString('en') };
  });
  const waits = crowd.map(({ name, longestCycles, ours }) => ({ name, value: longestCycles, ours, label: longestCycles.toFixed(1) }));
  const height = firstBarY + Math.max(alone.length, crowd.length) * rowHeight + 6;
  writeFileSync(
    chart,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * chartWidth} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="giveway beside its peers">
<style>.ground { fill: #fff } text { fill: #333 } .ours { fill: #1a7f64 } .peer { fill: #9aa5b1 } @media (prefers-color-scheme: dark) { .ground { fill: #0d1117 } text { fill: #ccc } .ours { fill: #3fc79a } .peer { fill: #5c6773 } }</style>
<rect class="ground" width="100%" height="100%" rx="6"/>
${bars('Locks and releases per second', '64 in flight; more is better', rates, 0)}
${bars('Longest wait, in fair cycles', '4 processes with 8 waiters each, hold 5 ms; less is better', waits, chartWidth)}
</svg>
`,
  );
}

const chartWidth = 480;
const firstBarY = 56;
const rowHeight = 26;
const barsX = 210;
const longestBar = 190;

function bars(title: string, subtitle: string, rows: readonly Bar[], x: number): string {
  const most = Math.max(...rows.map(({ value }) => value), Number.MIN_VALUE);
  const drawn = rows.map(({ name, value, ours, label }, index) => {
    const y = firstBarY + index * rowHeight;
    const width = Math.max(1, (value / most) * longestBar);
    const left = x + barsX;
    const weight = ours ? ' font-weight="600"' : '';
    return `<text x="${left - 8}" y="${y + 12}" text-anchor="end"${weight}>${escaped(name)}</text><rect class="${ours ? 'ours' : 'peer'}" x="${left}" y="${y}" width="${width.toFixed(1)}" height="16" rx="2"/><text x="${(left + width + 6).toFixed(1)}" y="${y + 12}"${weight}>${label}</text>`;
  });
  const head = `<text x="${x + 16}" y="24" font-size="14" font-weight="600">${title}</text><text x="${x + 16}" y="42">${subtitle}</text>`;
  return [head, ...drawn].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
