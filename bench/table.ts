/** Lines of Markdown that are also readable as they are: the first `words` columns to the left, figures to the right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly (string | number)[])[], words = 1): string {
  const cells = [head, head.map((_, column) => (column < words ? '---' : '---:')), ...rows].map((line) => line.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column < words ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return cells.map((line) => `| ${line.map(pad).join(' | ')} |`).join('\n');
}
