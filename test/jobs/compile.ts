import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '../..');

/** What the compiler says of these files, which find giveway and its peers as a user's would, and the packages `within`: `name:line message`. */
export function problemsOf(
  files: Readonly<Record<string, string>>,
  { experimentalDecorators = false, within = root } = {},
): readonly string[] {
  mkdirSync(join(within, '.giveway'), { recursive: true });
  const folder = mkdtempSync(join(within, '.giveway/compiled-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as { config: { compilerOptions: object } };
    const strict = { ...config.compilerOptions, isolatedDeclarations: false, declaration: false, experimentalDecorators };
    const { options } = ts.convertCompilerOptionsFromJson(strict, root);
    const program = ts.createProgram(
      Object.keys(files).map((name) => join(folder, name)),
      options,
    );
    return Object.keys(files).flatMap((name) => {
      const source = program.getSourceFile(join(folder, name));
      return program.getSemanticDiagnostics(source).map(({ start = 0, messageText }) => {
        const line = (source?.getLineAndCharacterOfPosition(start).line ?? -1) + 1;
        return `${name}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      });
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
