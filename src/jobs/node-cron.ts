import * as nodeCron from 'node-cron';
import { GivewayError, InvalidOptionError } from '../lock/errors.ts';

type NodeCron = Pick<typeof nodeCron, 'schedule' | 'validate' | 'parse'>;

/**
 * The installed node-cron. Its functions are looked up by name, since one that is too old has not all of them, and a module that
 * imports what is not there does not load. Throws `GivewayError` for one before 4.4, whose tasks cannot say when they fire next.
 */
export function installedNodeCron(): NodeCron {
  // A CommonJS module as a module of Node has its names under `default` as well, and before 4.0 nowhere else.
  const found = { ...(nodeCron.default as Partial<NodeCron> | undefined), ...nodeCron } as Partial<NodeCron>;
  if (found.parse !== undefined) return found as NodeCron;
  throw new GivewayError(
    'ERR_GIVEWAY_PEER_MISSING',
    'giveway/cron needs node-cron 4.4 or later, and an older one is installed: npm install node-cron@4',
  );
}

/** node-cron's own errors say neither what they received nor where. Throws `InvalidOptionError`. */
export function checkExpression({ parse }: Pick<NodeCron, 'parse'>, expression: string, timezone: unknown): void {
  try {
    parse(expression);
  } catch (error) {
    const why = error instanceof Error ? `: ${error.message}` : '';
    throw new InvalidOptionError(
      'expression',
      expression,
      `a cron expression of five fields is allowed, or of six with seconds first${why}`,
    );
  }
  if (timezone !== undefined && timezone !== '' && !isTimezone(timezone))
    throw new InvalidOptionError('timezone', timezone, 'a time zone such as Europe/Paris is allowed');
}

function isTimezone(zone: unknown): boolean {
  try {
    return typeof zone === 'string' && new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}
