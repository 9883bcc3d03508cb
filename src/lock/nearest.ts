/** What somebody who mistyped a name may have meant. */

/** Up to three of `candidates` within a few typing errors of `name`, one for each three letters, nearest first. */
export function nearestNames(name: string, candidates: Iterable<string>): readonly string[] {
  return [...candidates]
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.round(Math.max(name.length, candidate.length) / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** What follows "there is no such …": the nearest name, and all of them. */
export function allowedNames(name: string, known: readonly string[]): string {
  const meant = didYouMean(name, known);
  return `${meant ? `; ${meant}` : '.'} Allowed: ${known.join(', ')}`;
}

/** The question, or nothing where no name is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  return askFor(nearestNames(name, known).slice(0, 1));
}

/** Whether one of them was meant; nothing where there are none. */
export function askFor(nearest: readonly string[]): string {
  return nearest.length === 0 ? '' : `did you mean ${nearest.map((name) => `"${name}"`).join(' or ')}?`;
}

/** Letters that are missing, too many, others, or two that changed places. */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const other = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, other, swapped);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
