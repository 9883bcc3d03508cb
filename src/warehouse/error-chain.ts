/** An error of the server, as far as somebody in between left it. */
export interface ServerError {
  readonly code: string;
  readonly message: string;
  /** Message and detail; some drivers put all into the message. */
  readonly text: string;
  /** Prisma says that it is a write conflict or a deadlock, and perhaps no more. */
  readonly isWriteConflict: boolean;
}

/**
 * Where an error keeps the one behind it: JavaScript's own; TypeORM's `driverError`; Sequelize's `original` and `parent`; MikroORM's `previous`;
 * Objection's `nativeError`; Prisma's `meta`, and in it the `driverAdapterError`.
 */
const links = ['cause', 'driverError', 'original', 'parent', 'previous', 'nativeError', 'meta', 'driverAdapterError'] as const;

/** The error and all it was caused by, nearest first; each once, since causes may form a circle. */
export function serverErrorsIn(error: unknown): readonly ServerError[] {
  const seen = new Set<unknown>([error]);
  const found: ServerError[] = [];
  const quoted: ServerError[] = [];
  for (const current of seen) {
    if (typeof current !== 'object' || current === null) continue;
    const fields = current as Record<string, unknown>;
    found.push(read(fields));
    quoted.push(...quotedIn(fields));
    // A set that grows is walked to its new end.
    for (const link of links) seen.add(fields[link]);
    if (Array.isArray(fields['errors'])) for (const one of fields['errors']) seen.add(one);
  }
  // A message tells less than the error that it quotes.
  return [...found, ...quoted];
}

function read({ code, message, detail, kind, originalCode, originalMessage }: Record<string, unknown>): ServerError {
  // What Prisma's adapters make of an error has the server's own words beside.
  const said = textOf(originalMessage) || textOf(message);
  return {
    // Prisma's own codes look like the server's.
    code: textOf(originalCode) || textOf(code).replace(/^P[1-9]\d{3}$/, ''),
    message: said,
    text: [said, textOf(detail)].filter((part) => part !== '').join('\n'),
    isWriteConflict: code === 'P2034' || kind === 'TransactionWriteConflict',
  };
}

/** Prisma's error of a raw query quotes the server's. */
function quotedIn({ code: wrapper, message: text, detail }: Record<string, unknown>): readonly ServerError[] {
  const [, code, message] = (wrapper === 'P2010' && /Raw query failed\. Code: `(\w+)`\. Message: `(.*)`/s.exec(textOf(text))) || [];
  return code === undefined ? [] : [read({ code, message, detail })];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
