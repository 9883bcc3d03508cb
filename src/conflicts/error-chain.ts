/** Whose numbers a client gives. */
export type Numbering = 'mysql' | 'mssql' | 'oracle' | 'sqlite';

/** An error of the server, as far as somebody in between left it. */
export interface ServerError {
  /** The SQLSTATE, or the name or number that the client has for it. */
  readonly code: string;
  /** The SQLSTATE, where the client has it beside a code of its own. */
  readonly state: string;
  /** The number that the database itself gives its errors. */
  readonly number: { readonly of: Numbering; readonly is: number } | undefined;
  /** What the client calls this sort of error: `name`, `type`, `errorName`, `kind`. */
  readonly sorts: readonly string[];
  readonly message: string;
  /** Message and detail; some drivers put all into the message. */
  readonly text: string;
  /** Prisma says that it is a write conflict or a deadlock, and perhaps no more. */
  readonly isWriteConflict: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Where an error keeps the one behind it: JavaScript's own; TypeORM's `driverError`; Sequelize's `original` and `parent`; MikroORM's `previous`;
 * Objection's `nativeError`; Prisma's `meta`, and in it the `driverAdapterError`; what a catalog's answer has under `error`.
 */
const links = ['cause', 'driverError', 'original', 'parent', 'previous', 'nativeError', 'meta', 'driverAdapterError', 'error'] as const;

interface Link {
  readonly error: object;
  readonly fields: Fields;
}

/** The error and all it was caused by, nearest first; each once, since causes may form a circle. */
function chainOf(error: unknown): readonly Link[] {
  const seen = new Set<unknown>([error]);
  const found: Link[] = [];
  for (const current of seen) {
    if (typeof current !== 'object' || current === null) continue;
    const fields = legible(current);
    found.push({ error: current, fields });
    // A set that grows is walked to its new end.
    for (const link of links) seen.add(fields[link]);
    if (Array.isArray(fields['errors'])) for (const one of fields['errors']) seen.add(one);
  }
  return found;
}

/** What an error and its causes say, nearest first. */
export function serverErrorsIn(error: unknown): readonly ServerError[] {
  const chain = chainOf(error).map(({ fields }) => fields);
  // A message tells less than the error that it quotes.
  return [...chain.map(read), ...chain.flatMap(quotedIn)];
}

/** An error that stands for one of the database's, and has lost it: nobody can tell whether it is a conflict. */
export function lostCauseIn(error: unknown): Error | undefined {
  const lost = chainOf(error).find(({ fields }) => {
    const { name, code, message } = fields;
    const isWrapper = wrappers.test(textOf(name)) || code === 'P2010' || /^Failed query: /.test(textOf(message));
    return isWrapper && links.every((link) => fields[link] === undefined || fields[link] === null) && quotedIn(fields).length === 0;
  });
  return lost?.error as Error | undefined;
}

/** A field that throws when it is read says nothing: whoever looks into an error is not to have another one. */
function legible(error: object): Fields {
  return new Proxy(error, {
    get(target, field) {
      try {
        return Reflect.get(target, field);
      } catch {
        return undefined;
      }
    },
  }) as Fields;
}

/** What TypeORM, Sequelize, MikroORM, Drizzle and Prisma call an error that stands for one of the database's. */
const wrappers = /^(?:QueryFailedError|SequelizeDatabaseError|DriverException|DrizzleQueryError|DriverAdapterError)$/;

function read(fields: Fields): ServerError {
  const { code, detail, kind, originalCode } = fields;
  // What Prisma's adapters make of an error has the server's own words beside.
  const said = textOf(fields['originalMessage']) || textOf(fields['message']);
  return {
    // Prisma's own codes look like the server's.
    code: textOf(originalCode) || textOf(code).replace(/^P[1-9]\d{3}$/, ''),
    state: textOf(fields['sqlState']) || textOf(fields['sqlstate']),
    number: numberIn(fields),
    sorts: [fields['name'], fields['type'], fields['errorName'], kind].map(textOf),
    message: said,
    text: [said, textOf(detail)].filter((part) => part !== '').join('\n'),
    isWriteConflict: code === 'P2034' || kind === 'TransactionWriteConflict',
  };
}

/** By the field: `errno` of mysql2 and mariadb, `number` of tedious and mssql, `errorNum` of oracledb, `errcode` of `node:sqlite`; Prisma's adapters say whose it is. */
function numberIn({ code, originalCode, extendedCode, errno, number, errorNum, errcode, kind, sqlState }: Fields): ServerError['number'] {
  if (typeof errno === 'number' && (typeof sqlState === 'string' || textOf(code).startsWith('ER_'))) return { of: 'mysql', is: errno };
  if (typeof number === 'number') return { of: 'mssql', is: number };
  if (typeof errorNum === 'number') return { of: 'oracle', is: errorNum };
  if (typeof errcode === 'number') return { of: 'sqlite', is: errcode };
  const is = Number(originalCode ?? code ?? extendedCode);
  return (kind === 'mysql' || kind === 'mssql' || kind === 'sqlite') && Number.isInteger(is) ? { of: kind, is } : undefined;
}

/** Prisma's error of a raw query quotes the server's. */
function quotedIn({ code: wrapper, message: text, detail }: Fields): readonly ServerError[] {
  const [, code, message] = (wrapper === 'P2010' && /Raw query failed\. Code: `(\w+)`\. Message: `(.*)`/s.exec(textOf(text))) || [];
  return code === undefined ? [] : [read({ code, message, detail })];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
