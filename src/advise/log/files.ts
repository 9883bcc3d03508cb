import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { InvalidOptionError } from '../../lock/errors.ts';

/** A log file to be read. */
export interface LogFile {
  readonly path: string;
  readonly bytes: number;
  /** Its text, a character for each byte, unzipped. */
  pieces(onRead: (bytes: number) => void): AsyncIterable<string>;
  /** Set when the file ends in the middle of what was zipped. */
  readonly isCut: () => boolean;
}

// Each read is a wait for another thread, so few; but texts of more than 128 kB are kept until a full garbage collection, and
// with texts of 256 kB the process grew by half.
const readBytes = 256 << 10;
const pieceBytes = 64 << 10;
const gzipMagic = [0x1f, 0x8b];
const byteOrderMark = Buffer.from('\ufeff');

/** Opens the file. Rejects with `InvalidOptionError` if it cannot be read. */
export async function openLog(path: string): Promise<LogFile> {
  const refused = (cause: Error): InvalidOptionError => new InvalidOptionError('--log', path, `it cannot be read: ${cause.message}`);
  const { bytes, isZipped } = await peek(path).catch((cause: Error) => {
    throw refused(cause);
  });
  let isCut = false;
  return {
    path,
    bytes,
    isCut: () => isCut,
    async *pieces(onRead) {
      try {
        let isFirst = true;
        for await (const read of isZipped ? unzipped(path, onRead) : plain(path, onRead)) {
          const start = isFirst && read.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
          isFirst = false;
          for (let at = start; at < read.length; at += pieceBytes) yield read.toString('latin1', at, at + pieceBytes);
        }
      } catch (error) {
        // What came before the cut has been read.
        if ((error as NodeJS.ErrnoException).code !== 'Z_BUF_ERROR') throw refused(error as Error);
        isCut = true;
      }
    },
  };
}

/** Always the same buffer: new ones would pile up until they are collected. */
async function* plain(path: string, onRead: (bytes: number) => void): AsyncIterable<Buffer> {
  const file = await open(path);
  const buffer = Buffer.allocUnsafe(readBytes);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, readBytes);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      onRead(bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function* unzipped(path: string, onRead: (bytes: number) => void): AsyncIterable<Buffer> {
  const file = createReadStream(path, { highWaterMark: readBytes });
  const gunzip = createGunzip({ chunkSize: readBytes });
  file.once('error', (error) => gunzip.destroy(error));
  let told = 0;
  try {
    for await (const read of file.pipe(gunzip) as AsyncIterable<Buffer>) {
      yield read;
      onRead(file.bytesRead - told);
      told = file.bytesRead;
    }
  } finally {
    file.destroy();
  }
}

async function peek(path: string): Promise<{ readonly bytes: number; readonly isZipped: boolean }> {
  const file = await open(path);
  try {
    const status = await file.stat();
    if (status.isDirectory()) throw new Error('it is a directory; name the logs in it');
    // What it is written in is seen by its beginning, which a pipe gives once.
    if (!status.isFile()) throw new Error('it is no file; write what comes through a pipe into one');
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return { bytes: status.size, isZipped: gzipMagic.every((byte, at) => buffer[at] === byte) };
  } finally {
    await file.close();
  }
}
