/** What the README shows of a run. Without giveway first, then with it. */
export interface DemoNumbers {
  readonly conflicts: readonly [number, number];
  readonly updatesPerSecond: readonly [number, number];
  readonly readsP50Ms: readonly [number, number];
  readonly batchesPerSecond: readonly [number, number];
  readonly machine: string;
  readonly date: string;
}

const panelWidth = 240;
const panelHeight = 112;
const longestBar = 112;

/** Four panels with two bars each, two beside two, on a ground of their own: the page's may be light while the reader prefers dark. */
export function drawDemo(numbers: DemoNumbers): string {
  const panels = [
    panel('Conflicts', 'aborted transactions; less is better', numbers.conflicts),
    panel('Delay updates', 'per second; more is better', numbers.updatesPerSecond),
    panel("API reads' median", 'milliseconds; less is better', numbers.readsP50Ms),
    panel('Insert batches', 'per second: the price', numbers.batchesPerSecond),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="600" viewBox="0 0 ${2 * panelWidth} ${2 * panelHeight}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="The demo without giveway and with it">
<style>.ground { fill: #fff } text { fill: #333 } .ours { fill: #1a7f64 } .peer { fill: #9aa5b1 } @media (prefers-color-scheme: dark) { .ground { fill: #0d1117 } text { fill: #ccc } .ours { fill: #3fc79a } .peer { fill: #5c6773 } }</style>
<rect class="ground" width="100%" height="100%" rx="6"/>
${panels.map((draw, index) => draw((index % 2) * panelWidth, Math.floor(index / 2) * panelHeight)).join('\n')}
</svg>
`;
}

function panel(title: string, unit: string, [without, withIt]: readonly [number, number]): (x: number, y: number) => string {
  const widthOf = (value: number): number => Math.max(1, (value / Math.max(without, withIt)) * longestBar);
  const bar = (x: number, y: number, name: string, kind: string, value: number): string =>
    `<text x="${x + 66}" y="${y + 12}" text-anchor="end">${name}</text><rect class="${kind}" x="${x + 72}" y="${y}" width="${widthOf(value).toFixed(1)}" height="16" rx="2"/><text x="${(x + 78 + widthOf(value)).toFixed(1)}" y="${y + 12}" font-weight="600">${value.toLocaleString('en')}</text>`;
  return (x, y) =>
    [
      `<text x="${x + 16}" y="${y + 24}" font-size="14" font-weight="600">${title}</text><text x="${x + 16}" y="${y + 42}">${unit}</text>`,
      bar(x, y + 58, 'without', 'peer', without),
      bar(x, y + 84, 'with', 'ours', withIt),
    ].join('\n');
}
