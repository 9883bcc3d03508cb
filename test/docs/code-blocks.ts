import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** The file named in a first line such as `// giveway.config.ts`. */
  readonly file: string | undefined;
}

/** The fenced code blocks of a page, from the top of the repository. */
export function codeBlocks(page: string): readonly CodeBlock[] {
  const text = readFileSync(resolve(page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    language,
    code,
    file: /^\/\/ (\S+\.\w+)\n/.exec(code)?.[1],
  }));
}
