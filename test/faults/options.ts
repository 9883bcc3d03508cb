import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nemeses } from './nemeses/index.ts';
import { type StoreName, storeNames, usualStores } from './stores.ts';

export interface RunOptions {
  readonly seed: string;
  readonly seconds: number;
  readonly stores: readonly StoreName[];
  /** Names of nemeses. */
  readonly faults: readonly string[];
  /** A release, or a commit: half of the workers are of it. */
  readonly beside: string | undefined;
  readonly json: boolean;
  /** Where the histories of what is not green go. */
  readonly histories: string;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const help = `Real worker processes on real servers, struck by one fault after another. What they wrote down is checked
against the promises of docs/guarantees.md.

  npm run test:faults
  npm run test:faults -- [--seconds N] [--seed TEXT] [--stores LIST] [--faults LIST] [--beside VERSION] [--json] [--histories FOLDER]

  --seconds N         how long each fault strikes each store: 1 to 3600. Default 10
  --seed TEXT         makes the same choices again: which worker, which fault when. Default: a new one, printed
  --stores LIST       some of ${storeNames.join(',')}. Default ${usualStores.join(',')}
  --faults LIST       some of the faults below, separated by commas
  --beside VERSION    a rolling upgrade: half of the workers run the package of this release (0.1.0) or commit, built from the
                      repository's history. Default: all run the sources
  --json              print one JSON document; progress goes to stderr
  --histories FOLDER  where the histories of failed cells are written. Default: a folder of its own for temporary files
  --help              print this

Faults
${nemeses.map(({ name, does }) => `  ${name.padEnd(22)}${does}`).join('\n')}

Exit status
  0   every promise held, and every unsafe variant was caught
  1   a promise was broken, or an unsafe variant was not caught
  64  wrong options; 70 anything else
`;

/** `undefined`: help was asked for. Throws `UsageError`. */
export function readOptions(args: readonly string[]): RunOptions | undefined {
  const given = parse(args);
  if (given.help) return undefined;
  const seed = given.seed ?? randomBytes(4).toString('hex');
  const faults = nemeses.map(({ name }) => name);
  return {
    seed,
    seconds: within('seconds', given.seconds, 1, 3_600),
    stores: given.stores === undefined ? usualStores : some('stores', given.stores, storeNames),
    faults: given.faults === undefined ? faults : some('faults', given.faults, faults),
    beside: given.beside,
    json: given.json,
    histories: given.histories ?? join(tmpdir(), `giveway-faults-${seed.replace(/\W+/g, '-')}`),
  };
}

interface Given {
  readonly seed?: string;
  readonly seconds: string;
  readonly stores?: string;
  readonly faults?: string;
  readonly beside?: string;
  readonly histories?: string;
  readonly json: boolean;
  readonly help: boolean;
}

function parse(args: readonly string[]): Given {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        seconds: { type: 'string', default: '10' },
        stores: { type: 'string' },
        faults: { type: 'string' },
        beside: { type: 'string' },
        histories: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values as Given;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function within(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} is ${JSON.stringify(text)}; a whole number from ${least} to ${most} is allowed`);
}

function some<T extends string>(name: string, text: string, known: readonly T[]): readonly T[] {
  const wanted = text.split(',').map((entry) => entry.trim());
  const unknown = wanted.find((entry) => !known.includes(entry as T));
  if (unknown !== undefined) throw new UsageError(`--${name}: there is no ${JSON.stringify(unknown)}; ${known.join(', ')} are allowed`);
  return known.filter((entry) => wanted.includes(entry));
}
