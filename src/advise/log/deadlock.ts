import { firstWord } from './words.ts';

/** Another process of a deadlock, and the statement in which it waits. */
interface Partner {
  readonly pid: number;
  readonly text: string;
}

/** The processes that a deadlock's detail names, one a line, but for `own`: `Process 4711: update …`. In any language. */
export function partnersNamed(detail: string, own: number): readonly Partner[] {
  return detail.split('\n').flatMap((line) => {
    const [whole = '', number] = /^\D*(\d+) ?(?::|\xef\xbc\x9a) */.exec(line) ?? [];
    const [pid, text] = [Number(number), line.slice(whole.length)];
    return pid === own || whole === '' || firstWord(text, 0) === '' ? [] : [{ pid, text }];
  });
}
