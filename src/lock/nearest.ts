/** What somebody who mistyped a name may have meant. */

/** Up to three of `candidates` within a few typing errors of `name`, nearest first. */
export function nearestNames(name: string, candidates: Iterable<string>): readonly string[] {
  const limit = Math.max(2, Math.floor(name.length / 3));
  return [...candidates]
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(({ distance }) => distance <= limit)
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
  const [nearest] = nearestNames(name, known);
  return nearest === undefined ? '' : `did you mean "${nearest}"?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
