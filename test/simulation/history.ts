/** What happened in a world, one line per event. */
export interface History {
  /** `who`: a process, a task of it (`p1.2`), or the store. */
  note(who: string, what: string | (() => string)): void;
  /** Nobody will read it: notes nothing more. */
  stop(): void;
  /** Tokens are named in the order of their first appearance. */
  lines(): readonly string[];
}

const tokenPattern = /\b[0-9a-f]{32}\b/g;

export function createHistory(nowMs: () => number): History {
  const lines: { readonly atMs: number; readonly who: string; readonly what: string | (() => string) }[] = [];
  const names = new Map<string, string>();
  const nameOf = (text: string): string => {
    const known = names.get(text);
    if (known !== undefined) return known;
    const name = `t${names.size + 1}`;
    names.set(text, name);
    return name;
  };
  let stopped = false;
  return {
    note(who, what) {
      if (!stopped) lines.push({ atMs: nowMs(), who, what });
    },
    stop() {
      stopped = true;
    },
    lines: () =>
      lines.map(({ atMs, who, what }) => {
        const text = (typeof what === 'string' ? what : what()).replace(tokenPattern, nameOf);
        return `${atMs.toFixed(3).padStart(11)}  ${who.padEnd(6)}  ${text}`;
      }),
  };
}
