/** `npm run docs:demo`: what the README shows of a run of the demo, whose JSON comes on stdin. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type DemoNumbers, drawDemo } from './picture.ts';
import type { Summary } from './summary.ts';

function numbersOf({ without, with: withIt }: Summary): DemoNumbers {
  const rounded = (value: number): number => Number(value.toPrecision(value < 10 ? 2 : 3));
  const month = new Date().toLocaleDateString('en', { month: 'long', year: 'numeric' });
  return {
    conflicts: [without.conflicts, withIt.conflicts],
    updatesPerSecond: [rounded(without.perSecond.updates), rounded(withIt.perSecond.updates)],
    readsP50Ms: [rounded(without.timesMs.reads.p50.median), rounded(withIt.timesMs.reads.p50.median)],
    batchesPerSecond: [rounded(without.perSecond.batches), rounded(withIt.perSecond.batches)],
    machine: `${cpus().length} cores, Node ${process.versions.node.split('.')[0]}`,
    date: month,
  };
}

const numbers = numbersOf(JSON.parse(readFileSync(0, 'utf8')) as Summary);
writeFileSync('docs/images/demo.json', `${JSON.stringify(numbers, null, 2)}\n`);
writeFileSync('docs/images/demo.svg', drawDemo(numbers));
