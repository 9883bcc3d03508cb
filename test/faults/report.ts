import { table } from '../../src/cli/terminal.ts';
import type { Finding, FindingKind, Verdict } from './check.ts';
import { type Beside, suffixOf } from './fleet.ts';
import type { StoreName } from './stores.ts';
import type { VariantName } from './unsafe.ts';

/** What came of one store under one nemesis. */
export interface Row {
  readonly store: StoreName;
  readonly fault: string;
  readonly variant: VariantName;
  /** What an unsafe variant must be caught by; `undefined` for the real thing, which must show nothing. */
  readonly shows: FindingKind | undefined;
  readonly verdict: Verdict;
  /** The version that half of the workers are of, see `--beside`. */
  readonly beside: Beside | undefined;
  /** Acquisitions by these. */
  readonly besides: number;
  readonly seconds: number;
  /** Where its history was written, if it is not green. */
  readonly history?: string;
}

/** The real thing keeps every promise; an unsafe variant is caught at what makes it unsafe. */
export function isGreen({ shows, verdict: { findings, acquisitions }, beside }: Row): boolean {
  const isShown = shows === undefined ? findings.every((each) => isItsOwn(each, beside)) : findings.some(({ kind }) => kind === shows);
  return acquisitions > 0 && isShown;
}

/** What a worker of another version does wrong by itself, whoever is beside it, is shown, and judges nobody: no release changes it any more. */
function isItsOwn({ kind, worker }: Finding, beside: Beside | undefined): boolean {
  return beside !== undefined && worker.endsWith(suffixOf(beside)) && (kind === 'late-loss' || kind === 'hang' || kind === 'bad-end');
}

const heading = ['STORE', 'FAULT', 'LOCKS', 'BESIDE', 'UNPROTECTED', 'LOST', 'OVERLAPS', 'UNEXPLAINED', 'SECONDS', 'VERDICT'];

export function reportTable(rows: readonly Row[]): string {
  return table([heading, ...rows.map(cellsOf)]);
}

/** One line, while the others still run. */
export function reportLine(row: Row): string {
  const [store, fault, locks, besides, , lost, overlaps, unexplained, seconds, verdict] = cellsOf(row);
  return `${store}: ${fault}: ${verdict} (${locks} locks, ${besides} beside, ${lost} lost, ${overlaps} overlaps explained, ${unexplained} not, ${seconds} s)`;
}

export function problems(rows: readonly Row[]): string {
  return rows
    .filter((row) => !isGreen(row))
    .map(({ store, fault, verdict, shows, history }) => {
      const findings = verdict.findings.slice(0, 5).map(({ kind, atMs, text }) => `  ${kind} at ${atMs} ms: ${text}`);
      const rest = verdict.findings.length > 5 ? [`  and ${verdict.findings.length - 5} more`] : [];
      const missing = shows === undefined ? [] : [`  not caught: no ${shows}`];
      return [`${store}: ${fault}`, ...missing, ...findings, ...rest, `  history: ${history}`, ''].join('\n');
    })
    .join('\n');
}

function cellsOf(row: Row): readonly string[] {
  const { store, fault, variant, shows, verdict, beside, besides, seconds } = row;
  const { acquisitions, unprotected, losses, explained, unexplained, findings } = verdict;
  const kinds = [...new Set(findings.map(({ kind }) => kind))].join(', ');
  const own = findings.length === 0 ? 'ok' : `ok; ${beside?.version} itself: ${kinds}`;
  const verdictText = shows === undefined ? (isGreen(row) ? own : `BROKEN: ${kinds}`) : isGreen(row) ? `caught: ${kinds}` : 'NOT CAUGHT';
  return [
    store,
    shows === undefined ? fault : `${fault}, ${variant}`,
    ...[acquisitions, besides, unprotected, losses, explained, unexplained].map(String),
    seconds.toFixed(1),
    verdictText,
  ];
}
