import type { FindStatement, Statement } from '../statements.ts';
import type { AbortKind, ConflictCase } from '../transaction.ts';
import { partnersNamed } from './deadlock.ts';
import { asText, type Entry } from './entry.ts';
import { createPast, type Logged } from './past.ts';
import { firstWord, type Told, toldStatement } from './words.ts';

/** What the log was seen to have. */
export interface Sightings {
  entries: number;
  statements: number;
  queries: number;
  begins: number;
  applications: number;
  conflicts: number;
  /** Conflicts of sessions of which no statement is known. */
  withoutStatements: number;
}

export interface Sessions {
  onEntry(entry: Entry): void;
  readonly sightings: Sightings;
}

interface Session {
  open: Logged | undefined;
  last: Logged | undefined;
}

/** What a session says of its transaction itself. */
const controls = new Set(['begin', 'start', 'commit', 'end', 'rollback', 'abort']);
// Some clients put a number of their own into application_name.
const mostNames = 1_000;
// A transaction of more different statements is a script: its tables are known by then.
const mostStatements = 200;

function add(transaction: Logged, statement: Statement): void {
  const { statements } = transaction;
  // A list of just the size it needs: there are many.
  if (statements.length < mostStatements && !statements.includes(statement)) transaction.statements = [...statements, statement];
}

const kindOf: Readonly<Record<string, AbortKind>> = { '40001': 'serialization', '40P01': 'deadlock' };

/** Follows the sessions of a log from entry to entry, and tells of each conflict who ran beside it. */
export function createSessions(
  findStatement: FindStatement,
  clean: (text: string) => string,
  onConflict: (conflict: ConflictCase) => void,
): Sessions {
  const sessions = new Map<number, Session>();
  const names = new Map<string, string>();
  const past = createPast(() => sessions);
  const read = (text: string): string => asText(clean(text));
  const sightings: Sightings = {
    entries: 0,
    statements: 0,
    queries: 0,
    begins: 0,
    applications: 0,
    conflicts: 0,
    withoutStatements: 0,
  };

  /** The same text each time, and a copy: a part would keep the whole piece of the log alive. */
  const nameOf = (bytes: string): string => {
    let name = names.get(bytes);
    if (name === undefined) {
      name = read(bytes);
      if (names.size >= mostNames) names.clear();
      names.set(Buffer.from(bytes, 'latin1').toString('latin1'), name);
    }
    return name;
  };

  const begin = (session: Session, entry: Entry, isBounded: boolean): Logged => {
    end(session, entry);
    if (entry.application !== '') sightings.applications += 1;
    session.open = {
      application: nameOf(entry.application),
      user: nameOf(entry.user),
      statements: [],
      vxid: entry.vxid,
      fromMs: entry.atMs,
      toMs: entry.atMs,
      isBounded,
      isOver: false,
      isUndone: false,
    };
    return session.open;
  };

  const end = (session: Session, { atMs }: Entry, isUndone = false): void => {
    const { open } = session;
    if (open === undefined) return;
    session.open = undefined;
    session.last = open;
    open.isUndone = isUndone;
    past.add(open, atMs);
  };

  const goesOn = ({ isBounded, vxid }: Logged, entry: Entry): boolean =>
    vxid !== '' && entry.vxid !== '' ? vxid === entry.vxid : isBounded;

  const onStatement = (session: Session, entry: Entry, { at, word }: Told): void => {
    const { message } = entry;
    sightings.statements += 1;
    if (word === 'select' || word === 'with') sightings.queries += 1;
    const isControl = controls.has(word);
    const isAlone = !message.slice(at, -1).includes(';');
    if (isControl) {
      onControl(session, entry, word, message.slice(at));
      if (isAlone) return;
    }
    const transaction = session.open !== undefined && goesOn(session.open, entry) ? session.open : begin(session, entry, false);
    transaction.toMs = entry.atMs;
    add(transaction, findStatement(message, at, read));
    if (!isAlone && /;\s*(?:commit|end|rollback)\s*;?\s*$/i.test(message.slice(-40))) end(session, entry);
  };

  const onControl = (session: Session, entry: Entry, word: string, text: string): void => {
    if (word === 'begin' || word === 'start') {
      sightings.begins += 1;
      begin(session, entry, true);
      return;
    }
    const isUndone = word === 'rollback' || word === 'abort';
    // A savepoint is not the end, and what is prepared or was is no business of this session's.
    if (text.length > word.length && /^(?:rollback|abort)\b.*\bto\b|^commit\s+prepared\b|^rollback\s+prepared\b/i.test(text)) return;
    end(session, entry, isUndone);
    if (text.length > word.length && /\band\s+chain\b/i.test(text)) begin(session, entry, true);
  };

  /** The transaction that was aborted: a commit that failed has been seen as a commit. */
  const victimOf = (session: Session, entry: Entry): Logged => {
    const isIts = (one: Logged | undefined): one is Logged => one !== undefined && (one.vxid === '' || one.vxid === entry.vxid);
    if (isIts(session.open)) return session.open;
    return isIts(session.last) && session.last.toMs >= entry.atMs - commitMs ? session.last : begin(session, entry, false);
  };

  const onError = (session: Session, entry: Entry, kind: AbortKind): void => {
    const victim = victimOf(session, entry);
    if (firstWord(entry.statement, 0) !== '' && !controls.has(firstWord(entry.statement, 0)))
      add(victim, findStatement(entry.statement, 0, read));
    victim.isOver = true;
    victim.isUndone = true;
    session.last = victim;
    session.open = undefined;
    sightings.conflicts += 1;
    if (victim.statements.length === 0) sightings.withoutStatements += 1;
    const named = kind === 'deadlock' ? partnersIn(entry) : [];
    const isNamed = named.length > 0;
    onConflict({ kind, atMs: entry.atMs, victim, isNamed, beside: isNamed ? named : past.beside(victim, entry.atMs) });
  };

  /** Whom a deadlock names, with their transactions as far as these are known. */
  const partnersIn = ({ pid, detail }: Entry): Logged[] =>
    partnersNamed(clean(detail), pid).map(({ pid: other, text }) => {
      const transaction = sessions.get(other)?.open ?? { ...unknown, statements: [] };
      if (transaction.statements.length === 0) add(transaction, findStatement(text, 0, asText));
      return transaction;
    });

  return {
    sightings,
    onEntry(entry) {
      sightings.entries += 1;
      const { state } = entry;
      const kind = kindOf[state];
      const told = kind === undefined && (state === '' || state === '00000') ? toldStatement(entry.message) : undefined;
      if (kind === undefined && told === undefined) return;
      let session = sessions.get(entry.pid);
      if (session === undefined) {
        session = { open: undefined, last: undefined };
        sessions.set(entry.pid, session);
        past.tidy(entry.atMs);
      }
      if (kind !== undefined) onError(session, entry, kind);
      else if (told !== undefined) onStatement(session, entry, told);
    },
  };
}

// A commit is logged when it begins, and fails at once or after the disk's answer.
const commitMs = 10_000;

const unknown: Omit<Logged, 'statements'> = {
  application: '',
  user: '',
  vxid: '',
  fromMs: Number.NaN,
  toMs: Number.NaN,
  isBounded: false,
  isOver: false,
  isUndone: false,
};
