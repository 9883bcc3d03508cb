/** A promise that was not kept. */
export interface Breach {
  readonly atMs: number;
  readonly promise: string;
  readonly who: string;
  readonly text: string;
}

/** Says that a promise was not kept. */
export type Report = (promise: string, who: string, text: string) => void;
