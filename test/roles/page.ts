import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a page of docs/roles asks of its reader. */
export interface Page {
  /** The lines of its `sh` blocks. */
  readonly commands: readonly string[];
  /** The blocks whose first line is a comment with a file's name; of several with one name each in its turn. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

const comment = /^(?:\/\/|--|#) (\S+\.\w+)$/;

export function readPage(name: string): Page {
  const page = readFileSync(join(__dirname, '../../docs/roles', `${name}.md`), 'utf8');
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({ language, text }));
  return {
    commands: blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trimEnd().split('\n')),
    files: blocks.flatMap(({ text }) => {
      const [, file] = comment.exec(text.slice(0, text.indexOf('\n'))) ?? [];
      return file === undefined ? [] : [{ name: file, text }];
    }),
  };
}
