import { createReadStream, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** One real flight, as vega-datasets has it. */
export interface Flight {
  /** `2001/01/01 00:47` */
  readonly date: string;
  /** Minutes; negative is early. */
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** A flight in the stream: the 20 000 records are replayed in passes, so (pass, index) is the row's key. */
export interface FlightRow extends Flight {
  readonly pass: number;
  readonly index: number;
}

const data = new URL('../data/', import.meta.resolve('vega-datasets'));

export const flights: readonly Flight[] = JSON.parse(readFileSync(new URL('flights-20k.json', data), 'utf8'));

export const origins: readonly string[] = [...new Set(flights.map(({ origin }) => origin))];

/** iata, name, city, state, country, latitude, longitude; with a header line. */
export function airportsCsv(): Readable {
  return createReadStream(new URL('airports.csv', data));
}

const rowsPerBatch = 20;
const batchesPerPass = flights.length / rowsPerBatch;

/** The rows of batch 0, 1, 2 … of the stream. The table starts with pass 0 in it, so the first batch begins pass 1. */
export function batch(number: number): readonly FlightRow[] {
  const pass = 1 + Math.floor(number / batchesPerPass);
  const first = (number % batchesPerPass) * rowsPerBatch;
  return flights.slice(first, first + rowsPerBatch).map((flight, offset) => ({ pass, index: first + offset, ...flight }));
}

/** Every worker's n-th batch: a stream that any number of workers share without talking to each other. */
export function batchNumber(nth: number, worker: number, workers: number): number {
  return nth * workers + worker;
}
