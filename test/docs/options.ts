import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';

/** One option, as its type has it. */
export interface DeclaredOption {
  readonly name: string;
  /** What its docstring calls the default, `undefined` where that is a sentence or nothing. */
  readonly usual: string | undefined;
}

/** The options that the types of a file declare: of each interface whose name ends in `Options` or `Settings` and does not begin with `Resolved`. */
export function declaredOptions(file: string): readonly DeclaredOption[] {
  const source = ts.createSourceFile(file, readFileSync(resolve(file), 'utf8'), ts.ScriptTarget.Latest, true);
  const options = new Map<string, DeclaredOption>();
  for (const statement of source.statements) {
    if (!ts.isInterfaceDeclaration(statement) || !/^(?!Resolved)\w*(Options|Settings)$/.test(statement.name.text)) continue;
    for (const member of statement.members) {
      const name = member.name?.getText() ?? '';
      if (!ts.isPropertySignature(member) || member.type?.getText() === 'never' || options.has(name)) continue;
      const said = ts.getJSDocCommentsAndTags(member).map((comment) => comment.getText().replaceAll(/\s*\n\s*\*\s*/g, ' '));
      options.set(name, { name, usual: /Default:? (none|false|true|`[^`]+`|'[^']+'|\d[\d ]*)/.exec(said.join(' '))?.[1] });
    }
  }
  return [...options.values()];
}

/** The rows of a page's table of options: what stands in the column `default`, by name; of two tables the first. */
export function describedOptions(page: string): ReadonlyMap<string, string> {
  const rows = readFileSync(resolve(page), 'utf8').matchAll(/^\| (`\w+`(?:(?:, | or )`\w+`)*) \|([^|]*)\|/gm);
  return new Map(
    [...rows].reverse().flatMap(([, names = '', usual = '']) => [...names.matchAll(/\w+/g)].map(([name]) => [name, usual.trim()] as const)),
  );
}

/** `1 000`, `1_000` and `` `1000` `` are one value. */
export const bare = (value: string): string =>
  value
    .replaceAll(/[`'_]/g, '')
    .replaceAll(/(?<=\d) (?=\d)/g, '')
    .trim();
