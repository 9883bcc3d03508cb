import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A `.cpuprofile`, as Node writes it. */
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Shares of the time in which the process was not idle, in percent. */
export interface Shares {
  readonly openTelemetry: number;
  /** Of `openTelemetry`: its dearest functions. */
  readonly dearest: readonly (readonly [name: string, percent: number])[];
  readonly observers: number;
  readonly garbage: number;
}

/** Reads the profile of the main thread: of several in `folder` the one that was busiest. */
export function sharesOf(folder: string): Shares {
  const busiest = readdirSync(folder)
    .map((file) => timesOf(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile))
    .reduce((a, b) => (a.totalMicros > b.totalMicros ? a : b));
  const percent = (matches: (place: string) => boolean): number =>
    ([...busiest.places].reduce((sum, [place, micros]) => sum + (matches(place) ? micros : 0), 0) / busiest.totalMicros) * 100;
  const isOpenTelemetry = (place: string): boolean => place.includes('/@opentelemetry/');
  const dearest = [...busiest.places]
    .filter(([place]) => isOpenTelemetry(place))
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([place, micros]) => [place.split(' ')[0] || 'anonymous', (micros / busiest.totalMicros) * 100] as const);
  return {
    openTelemetry: percent(isOpenTelemetry),
    dearest,
    observers: percent((place) => place.includes('/src/observe/')),
    garbage: percent((place) => place.startsWith('(garbage collector)')),
  };
}

function timesOf({ nodes, samples, timeDeltas }: Profile): { totalMicros: number; places: ReadonlyMap<string, number> } {
  const placeOf = new Map(nodes.map(({ id, callFrame }) => [id, `${callFrame.functionName} ${callFrame.url}`]));
  const places = new Map<string, number>();
  let totalMicros = 0;
  samples.forEach((id, index) => {
    const [place = '', micros = 0] = [placeOf.get(id), timeDeltas[index]];
    if (place.startsWith('(idle)')) return;
    totalMicros += micros;
    places.set(place, (places.get(place) ?? 0) + micros);
  });
  return { totalMicros, places };
}
