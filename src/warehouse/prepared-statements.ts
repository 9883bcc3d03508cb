import { quoteIdentifier } from './batches/columns.ts';
import { isWord, piecesOf } from './sql/items.ts';
import { tokenize } from './sql/tokens.ts';

/** What pg keeps of a connection, and of a pool. */
interface Inner {
  readonly connection?: { readonly parsedStatements?: Readonly<Record<string, string>> };
  readonly _clients?: readonly object[];
}

/** Names that were given with a text, by the client, or the pool, that they were given to. They live as long as the connection. */
const named = new WeakMap<object, Map<string, string>>();
/** The same for PREPARE. */
const prepared = new WeakMap<object, Map<string, string>>();

/** The text of what is given to `query`: a string, a config, or a query that brings its own protocol; of a name alone, the text it was given with. */
export function textOf(statement: unknown, sender: object): string | undefined {
  if (typeof statement === 'string') return statement;
  const { text, name } = (statement ?? {}) as { text?: unknown; name?: unknown };
  if (typeof name !== 'string') return typeof text === 'string' ? text : undefined;
  // Without a text, or with an empty one, pg runs what the name stands for.
  if (typeof text !== 'string' || text === '') return textNamed(name, sender) ?? `execute ${quoteIdentifier(name)}`;
  note(named, sender, name, text);
  return text;
}

/** Notes what a text prepares. */
export function notePrepared(sql: string, sender: object): void {
  for (const [name, text] of preparedIn(sql)) note(prepared, sender, name, text);
}

/** The text was refused: its names, if they are taken, stand for something else. */
export function forgetPrepared(sql: string, sender: object): void {
  for (const [name] of preparedIn(sql)) prepared.get(sender)?.delete(name);
}

function preparedIn(sql: string): readonly (readonly [name: string, text: string])[] {
  if (!/\bprepare\b/i.test(sql)) return [];
  return (piecesOf(tokenize(sql) ?? []) ?? []).flatMap(({ items: [first, second], start, end }) =>
    isWord(first, 'prepare') && second !== undefined && !isWord(second, 'transaction')
      ? [[second.text, sql.slice(start, end)] as const]
      : [],
  );
}

/** `sql` behind what it EXECUTEs, as far as that was prepared earlier. `undefined`: nothing of it was. */
export function withPrepared(sql: string, sender: object): string | undefined {
  if (!/\bexecute\b/i.test(sql)) return undefined;
  const tokens = (tokenize(sql) ?? []).filter(({ kind }) => kind !== 'comment');
  const texts = tokens.flatMap((token, at) => {
    const name = isWord(token, 'execute') ? tokens[at + 1]?.text : undefined;
    return name === undefined ? [] : (preparation(name, sender) ?? []);
  });
  return texts.length === 0 ? undefined : [...texts, sql].join(';\n');
}

function preparation(name: string, sender: object): string | undefined {
  const text = textNamed(name, sender);
  return prepared.get(sender)?.get(name) ?? (text && `prepare ${quoteIdentifier(name)} as ${text}`);
}

/** A pool does not say which of its clients it will take, so all that a name may stand for counts. */
function textNamed(name: string, sender: object): string | undefined {
  const { connection, _clients: clients = [] } = sender as Inner;
  const parsed = connection?.parsedStatements ?? {};
  const texts = [
    named.get(sender)?.get(name),
    Object.hasOwn(parsed, name) ? parsed[name] : undefined,
    ...clients.map((client) => textNamed(name, client)),
  ].filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : [...new Set(texts)].join(';\n');
}

function note(names: WeakMap<object, Map<string, string>>, sender: object, name: string, text: string): void {
  const known = names.get(sender) ?? new Map<string, string>();
  names.set(sender, known.set(name, text));
}
