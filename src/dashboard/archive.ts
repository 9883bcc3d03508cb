import type { Chronicle, KnownPast } from './chronicle.ts';
import { historyOf } from './history.ts';
import { jobPastOf } from './job-past.ts';
import { patienceMs, within } from './latest.ts';
import { type Pace, pacer } from './pace.ts';
import type { AheadView, Range } from './view.ts';

/** What is expected to be held after now. */
export interface Ahead {
  readonly table: string;
  readonly job: string;
  readonly from: Date;
  readonly to: Date;
}

/** Finds what is expected between two times. */
export type AskForecast = (from: Date, to: Date) => Promise<readonly Ahead[]>;

export interface ArchiveOptions {
  readonly chronicle: Chronicle;
  readonly forecast: AskForecast | undefined;
  readonly starveAfterSkips: number;
}

/** Answers questions of the past, as JSON: one answer for all who ask the same within a moment. */
export interface Archive {
  /** A `PastView`. Never rejects: what did not answer is among the problems. */
  past(asked: Asked): Promise<string>;
  /** A `JobPastView`. Never rejects. */
  job(name: string, asked: Asked): Promise<string>;
}

/** So long until now, or between two times. */
export type Asked = { readonly lastMs: number } | Range;

type Make = (
  range: Range,
  known: KnownPast,
  pace: Pace,
) => Promise<{ readonly problems?: readonly string[]; readonly lanes: readonly object[] }>;

const unread = 'The journal could not be read: what is shown of the past may be old or missing.';
/** The answer comes with what was read by then; the page asks again for the rest. */
const readingMs = 800;
/** Reading goes on for so many times as long as the last answer took to make: of a week it takes a second, and most would go into answers of a part. */
const readingPerMaking = 4;
/** An answer that changes the picture by less than a point of a screen is as good as a new one. */
const pointsOfScreen = 1_200;
const oldestAnswerMs = 60_000;
const answersKept = 20;
/** Of the time shown, so much is shown ahead of it. */
const shareAhead = 0.15;
const aheadShown = 2_000;

export function createArchive({ chronicle, forecast, starveAfterSkips }: ArchiveOptions): Archive {
  const answers = new Map<string, { readonly text: Promise<string>; untilMs: number }>();
  let makingMs = 0;

  function answer(key: string, asked: Asked, make: Make): Promise<string> {
    const kept = answers.get(key);
    if (kept !== undefined && Date.now() < kept.untilMs) return kept.text;
    answers.delete(key);
    const range = rangeOf(asked);
    const text = chronicle.read(range.fromMs, Math.max(readingMs, readingPerMaking * makingMs)).then(async (known) => {
      const startMonoMs = performance.now();
      const pace = pacer();
      const { knownFromMs, isCut, isStale } = known;
      const { problems = [], ...made } = await make(range, known, pace);
      const all = isStale ? [unread, ...problems] : problems;
      const about = { ...range, knownFromMs: Math.max(range.fromMs, knownFromMs), isCut, problems: all };
      const isWhole = !isStale && (isCut || knownFromMs <= range.fromMs);
      mine.untilMs = isWhole ? Date.now() + Math.min(oldestAnswerMs, (range.toMs - range.fromMs) / pointsOfScreen) : 0;
      const encoded = await encode({ ...about, ...made }, pace);
      makingMs = performance.now() - startMonoMs;
      return encoded;
    });
    const mine = { text, untilMs: Number.POSITIVE_INFINITY };
    answers.set(key, mine);
    text.catch(() => answers.delete(key));
    const [oldest] = answers.keys();
    if (answers.size > answersKept && oldest !== undefined) answers.delete(oldest);
    return text;
  }

  async function ahead({ fromMs, toMs }: Range, asked: Asked): Promise<readonly AheadView[] | undefined> {
    if (forecast === undefined || !('lastMs' in asked)) return [];
    const until = new Date(toMs + (toMs - fromMs) * shareAhead);
    let found: readonly Ahead[] | undefined;
    const ask = async (): Promise<void> => {
      found = await forecast(new Date(toMs), until);
    };
    await within(
      ask()
        .then(() => true)
        .catch(() => false),
      patienceMs,
    );
    return found?.slice(0, aheadShown).map(({ table, job, from, to }) => ({ table, job, fromMs: from.getTime(), toMs: to.getTime() }));
  }

  return {
    past: (asked) =>
      answer(JSON.stringify(asked), asked, async (range, known, pace) => {
        const [history, expected] = await Promise.all([historyOf(known, range, starveAfterSkips, pace), ahead(range, asked)]);
        return { ...history, ahead: expected ?? [], problems: expected === undefined ? ['The forecast did not come.'] : [] };
      }),
    job: (name, asked) =>
      answer(JSON.stringify([name, asked]), asked, (range, known, pace) => jobPastOf(name, known, range, starveAfterSkips, pace)),
  };
}

function rangeOf(asked: Asked): Range {
  if (!('lastMs' in asked)) return asked;
  const toMs = Date.now();
  return { fromMs: toMs - asked.lastMs, toMs };
}

/** As `JSON.stringify`, but for the lanes one at a time: with thousands of spans all at once would keep others waiting. */
async function encode({ lanes = [], ...rest }: { readonly lanes?: readonly object[] }, pace: Pace): Promise<string> {
  const texts: string[] = [];
  for (const lane of lanes) {
    texts.push(JSON.stringify(lane));
    await pace();
  }
  return `${JSON.stringify(rest).slice(0, -1)},"lanes":[${texts.join(',')}]}`;
}
