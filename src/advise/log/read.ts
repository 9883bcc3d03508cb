import { InvalidOptionError } from '../../lock/errors.ts';
import { createStatements } from '../statements.ts';
import type { ConflictCase } from '../transaction.ts';
import { feed } from './feed.ts';
import { type LogFile, openLog } from './files.ts';
import { createReader, formatOf, type LogFormat, showsFormat } from './format.ts';
import type { PrefixField } from './prefix.ts';
import { createSessions, type Sightings } from './sessions.ts';

/** What was read of one file. */
export interface FileRead extends Sightings {
  readonly path: string;
  readonly format: LogFormat['name'] | 'empty';
  /** What its lines tell; everything, in csvlog and jsonlog. */
  readonly fields: ReadonlySet<PrefixField>;
  readonly prefix: string | undefined;
  readonly strangeLines: number;
  /** It ends in the middle of what was zipped. */
  readonly isCut: boolean;
}

export interface ReadOptions {
  /** `log_line_prefix` of stderr logs. Default: found out. */
  readonly linePrefix?: string | undefined;
  readonly onConflict: (conflict: ConflictCase) => void;
  /** So many bytes of so many have been read. */
  readonly onProgress?: (doneBytes: number, allBytes: number) => void;
}

const allFields: ReadonlySet<PrefixField> = new Set(['time', 'pid', 'application', 'user', 'vxid', 'state']);

/** Reads logs one after another, each on its own. Rejects with `InvalidOptionError` for one that is no log or cannot be read. */
export async function readLogs(paths: readonly string[], options: ReadOptions): Promise<readonly FileRead[]> {
  const files = await Promise.all(paths.map(openLog));
  const allBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  const read: FileRead[] = [];
  for (const file of files) {
    read.push(
      await readLog(file, options, (bytes) => {
        doneBytes += bytes;
        options.onProgress?.(doneBytes, allBytes);
      }),
    );
  }
  return read;
}

async function readLog(file: LogFile, { linePrefix, onConflict }: ReadOptions, onRead: (bytes: number) => void): Promise<FileRead> {
  let started: Started | undefined;
  await feed(file.pieces(onRead), (text, isEnd) => {
    if (text !== '' && (isEnd || showsFormat(text))) started ??= start(file.path, text, linePrefix, onConflict);
    return started?.read(text, isEnd) ?? 0;
  });
  const { format, sightings, reader } = started ?? {};
  const prefix = format?.name === 'stderr' ? format.prefix : undefined;
  if (sightings?.entries === 0) throw new InvalidOptionError('--log', file.path, 'there is no whole line of a log in it');
  return {
    path: file.path,
    format: format?.name ?? 'empty',
    fields: prefix?.fields ?? allFields,
    prefix: prefix?.written,
    strangeLines: reader?.strangeLines ?? 0,
    isCut: file.isCut(),
    ...(sightings ?? createSessions(createStatements(), String, onConflict).sightings),
  };
}

type Started = ReturnType<typeof start>;

function start(path: string, beginning: string, linePrefix: string | undefined, onConflict: (conflict: ConflictCase) => void) {
  const format = formatOf(path, beginning, linePrefix);
  let sessions: ReturnType<typeof createSessions> | undefined;
  const reader = createReader(format, (entry) => sessions?.onEntry(entry));
  sessions = createSessions(createStatements(), reader.clean, onConflict);
  return { format, reader, sightings: sessions.sightings, read: reader.read };
}
