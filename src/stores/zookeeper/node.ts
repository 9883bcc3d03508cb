import { clockSkewMs } from '../../lock/record/decide.ts';
import type { ZookeeperStat } from './client.ts';

/** An entry as its node has it. */
export interface Stored {
  readonly value: string;
  /** Names the one child of the node: which life of the key this is. `undefined`: somebody else's node. */
  readonly life: string | undefined;
  /** Names the write. */
  readonly write: string | undefined;
  /** On ZooKeeper's clock. */
  readonly endsAtMs: number;
  /** The transaction whose leader's clock that is. */
  readonly stampedBy: bigint;
  /** How long it lives yet; not above zero: it has ended. */
  readonly remainingMs: number;
  readonly dataVersion: number;
  readonly zxid: bigint;
}

/** Which life and which write, for how many milliseconds, and the value. */
export function encodeNode(life: string, write: string, ttlMs: number, value: string): Buffer {
  return Buffer.from(`${life} ${write} ${Math.ceil(ttlMs)} ${value}`);
}

/**
 * The same after an append: the life stays as it was, though the node's time of writing moves, so its end is written down, and by
 * whose clock. In front stands what is left of it, with a zero before: version 0.1.0 takes that for a TTL, and the rest for a text that
 * it cannot read.
 */
export function encodeAppended(life: string, write: string, { endsAtMs, stampedBy }: Life, restMs: number, value: string): Buffer {
  return Buffer.from(`${life} ${write} 0${Math.ceil(Math.max(restMs, 1))} ${endsAtMs} ${stampedBy} ${value}`);
}

/** When an entry ends. */
type Life = Pick<Stored, 'endsAtMs' | 'stampedBy'>;

const form = /^([\w-]{22}) ([\w-]{22}) (?:([1-9]\d*)|0\d+ (\d+) (\d+)) /;

/**
 * What the node's `stat` and data say at the time of `now`, the stat of a write just before. A node that is not ours never
 * ends, and is shown as it is, so that the locker takes the key for busy.
 */
export function decodeNode(data: Buffer | undefined, stat: ZookeeperStat, now: ZookeeperStat): Stored {
  const text = data?.toString() ?? '';
  const [head = '', life, write, ttlMs, end, stamp] = form.exec(text) ?? [];
  const endsAtMs = ttlMs === undefined ? Number(end ?? Number.POSITIVE_INFINITY) : modifiedAtMs(stat) + Number(ttlMs);
  const stampedBy = stamp === undefined ? zxidOf(stat) : BigInt(stamp);
  return {
    value: text.slice(head.length),
    life,
    write,
    endsAtMs,
    stampedBy,
    remainingMs: endsAtMs - modifiedAtMs(now) + allowanceMs(stampedBy, zxidOf(now)),
    dataVersion: stat.version,
    zxid: zxidOf(stat),
  };
}

export function zxidOf({ mzxid }: ZookeeperStat): bigint {
  return mzxid.readBigInt64BE();
}

/**
 * How far the clocks of two transactions may be apart. The upper half of a transaction's id counts the leaders, and each
 * stamps what it orders with a clock of its own.
 */
export function allowanceMs(one: bigint, other: bigint): number {
  return one >> 32n === other >> 32n ? 0 : clockSkewMs;
}

/** ZooKeeper's clock at the last write. */
export function modifiedAtMs({ mtime }: ZookeeperStat): number {
  return Number(mtime.readBigInt64BE());
}

/** The key as the name of one node: no slash, and neither "." nor "..". */
export function nodeName(key: string): string {
  return key.replace(/[^!-$&-.0-~]/gu, encodeURIComponent).replace(/^\.{1,2}$/, (dots) => '%2E'.repeat(dots.length));
}

/** `undefined`: no key has this name. */
export function keyOf(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}
