/** P7: each call settles within its bound. Time in which its process ran no code does not count. */
import type { Report } from '../breaches.ts';
import type { SimulatedProcess } from '../simulated-process.ts';

export interface Calls {
  begin(process: SimulatedProcess, who: string, name: string, boundMs: number): OpenCall;
  /** Calls that have not settled, of processes that live. */
  open(): readonly OpenCall[];
  /** Says which calls are past their bound. */
  mustEnd(): void;
}

interface OpenCall {
  readonly process: SimulatedProcess;
  readonly who: string;
  readonly name: string;
  /** The work has begun: the bound starts anew when it ends. */
  pause(): void;
  resume(boundMs: number): void;
  settle(): void;
}

/** A call that is late by less may only have been told late. */
const slackMs = 20;

export function createCalls({ nowMs, report }: { readonly nowMs: () => number; readonly report: Report }): Calls {
  const open = new Set<OpenCall & { judge(): void }>();
  return {
    begin(process, who, name, boundMs) {
      let since: { readonly ms: number; readonly boundMs: number } | undefined;
      const ranMs = (): number => nowMs() - process.stoppedMs;
      const start = (bound: number): void => {
        since = { ms: ranMs(), boundMs: bound };
      };
      start(boundMs);
      let reported = false;
      const judge = (): void => {
        if (since === undefined || reported || process.crashed) return;
        const tookMs = ranMs() - since.ms;
        if (tookMs <= since.boundMs + slackMs) return;
        reported = true;
        report('P7', who, `${name} took ${Math.round(tookMs)} ms; ${since.boundMs} ms are allowed`);
      };
      const call = {
        process,
        who,
        name,
        judge,
        pause() {
          judge();
          since = undefined;
        },
        resume: start,
        settle() {
          judge();
          open.delete(call);
        },
      };
      open.add(call);
      return call;
    },
    open: () => [...open].filter(({ process }) => !process.crashed),
    mustEnd() {
      for (const call of open) call.judge();
    },
  };
}
