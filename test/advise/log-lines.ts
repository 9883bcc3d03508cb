/** Logs written by hand. */

export interface Line {
  readonly pid: number;
  /** Milliseconds since the log began. */
  readonly at: number;
  readonly vxid?: string;
  readonly application?: string;
  readonly user?: string;
  readonly state?: string;
  readonly message: string;
  readonly detail?: string;
  readonly statement?: string;
}

const time = (at: number): string => `${new Date(Date.UTC(2026, 10, 28, 3) + at).toISOString().replace('T', ' ').slice(0, -1)} UTC`;
const quoted = (text = ''): string => (text === '' ? '' : `"${text.replaceAll('"', '""')}"`);

/** As `log_destination = csvlog` has it. */
export function csvLog(lines: readonly Line[]): string {
  return lines
    .map(({ pid, at, vxid = '', application = '', user = 'etl', state = '00000', message, detail, statement }) =>
      [
        ...[time(at), quoted(user), quoted('shop'), pid, quoted('127.0.0.1:40000'), `6b0b1bd7.${pid.toString(16)}`, 1, quoted('idle')],
        ...[time(0), vxid, 0, state === '00000' ? 'LOG' : 'ERROR', state, quoted(message), quoted(detail), '', '', '', ''],
        ...[quoted(statement), '', '', quoted(application), quoted('client backend'), '', 0],
      ].join(','),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** As `log_destination = jsonlog` has it. */
export function jsonLog(lines: readonly Line[]): string {
  return lines
    .map(({ pid, at, vxid, application: application_name, user = 'etl', state: state_code, message, detail, statement }) =>
      JSON.stringify({
        timestamp: time(at),
        user,
        pid,
        vxid,
        error_severity: 'LOG',
        state_code,
        message,
        detail,
        statement,
        application_name,
      }),
    )
    .map((line) => `${line}\n`)
    .join('');
}

interface Labels {
  readonly error: string;
  readonly hint: string;
  readonly statement: string;
}

/** As it is written to stderr. `prefix` makes what stands before a line; `labels` are those of another language. */
export function plainLog(
  lines: readonly Line[],
  prefix: (line: Line, time: string) => string,
  labels: Labels = { error: 'ERROR', hint: 'HINT', statement: 'STATEMENT' },
): string {
  return lines
    .flatMap((line) => {
      const { state = '00000', message, detail, statement, at } = line;
      const isError = state !== '00000';
      const texts = [
        `${isError ? labels.error : 'LOG'}:  ${message}`,
        ...(detail === undefined ? [] : [`DETAIL:  ${detail}`]),
        ...(isError ? [`${labels.hint}:  …`] : []),
        ...(statement === undefined ? [] : [`${labels.statement}:  ${statement}`]),
      ];
      return texts.map((text) => `${prefix(line, time(at))}${text.replaceAll('\n', '\n\t')}\n`);
    })
    .join('');
}

/** A transaction, a millisecond for each line. */
export function transaction(session: Omit<Line, 'message' | 'at'>, at: number, statements: readonly string[]): Line[] {
  return statements.map((statement, index) => ({ ...session, at: at + index, message: `statement: ${statement}` }));
}
