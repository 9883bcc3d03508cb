/** `npm run test:simulation`: many worlds, or one of them told. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { measure } from './contention.ts';
import { drawPlan } from './draw.ts';
import { takesLimits } from './identity.ts';
import { costHead, costLine, loads, shortfalls } from './loads.ts';
import { mutants } from './mutants.ts';
import { caughtBy, findingsOf } from './mutate.ts';
import { play } from './play.ts';
import { reportKinds, reportTally } from './report.ts';
import { playSeeds } from './seeds.ts';
import { shrink } from './shrink.ts';

const help = `npm run test:simulation -- [options]
  --seeds N       plays N worlds (1000)
  --from S        the first of them (1)
  --seed S        plays one world and prints its history
  --shrink        with --seed: makes it as small as it goes first
  --of TEXT       with --shrink: while a violation with this text is left, such as P1 (the first one)
  --table         what contention costs: requests, waits, time held
  --loads TEXT    with --table: only loads whose name matches this pattern
  --mutants       deliberate bugs in the core, and what gives them away
  --json          one line of JSON instead of words
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      shrink: { type: 'boolean', default: false },
      of: { type: 'string', default: '' },
      table: { type: 'boolean', default: false },
      loads: { type: 'string', default: '' },
      mutants: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      enough: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (values.seed !== undefined) return tellWorld(Number(values.seed), values.shrink ? values.of : undefined);
  const enough = values.enough === undefined ? Number.POSITIVE_INFINITY : Number(values.enough);
  if (values.table) return printTable(new RegExp(values.loads), values.json, enough);
  if (values.mutants) return tryMutants();
  const tally = await playSeeds({
    from: Number(values.from),
    count: Number(values.seeds),
    enough,
    ...(process.stderr.isTTY && {
      progressed: (worlds, failures) => void process.stderr.write(`\r${worlds} of ${values.seeds} worlds, ${failures} with violations `),
    }),
  });
  if (process.stderr.isTTY) process.stderr.write('\n');
  if (values.json) process.stdout.write(`${JSON.stringify(tally)}\n`);
  else process.stdout.write(`${reportKinds(tally.failures)}${reportTally(tally, availableParallelism())}`);
  const [first] = tally.failures;
  if (first === undefined) return 0;
  if (!values.json) process.stdout.write(`\nnpm run test:simulation -- --seed ${first.seed} --shrink\n`);
  return 1;
}

/** `shrinkOf`: makes the world as small as it goes while a violation with this text is left. */
async function tellWorld(seed: number, shrinkOf: string | undefined): Promise<number> {
  const drawn = drawPlan(seed, takesLimits);
  const breach =
    shrinkOf === undefined ? undefined : (await play(drawn)).breaches.find(({ promise, text }) => `${promise}: ${text}`.includes(shrinkOf));
  const plan = breach === undefined ? drawn : await shrink(drawn, breach);
  const { breaches, history } = await play(plan);
  const { processes, mishaps, ...rest } = plan;
  const told = [rest, ...processes.flatMap(({ tasks, ...process }) => [process, ...tasks.flatMap(({ steps }) => steps)]), ...mishaps];
  process.stdout.write(
    `${told.map((each) => JSON.stringify(each)).join('\n')}\n\n${history().join('\n')}\n${breaches.length} violations\n`,
  );
  return breaches.length === 0 ? 0 : 1;
}

async function printTable(pattern: RegExp, asJson: boolean, enough: number): Promise<number> {
  const costs: { readonly name: string; readonly kind: string; readonly short: readonly string[] }[] = [];
  if (!asJson) process.stdout.write(`${costHead}\n`);
  for (const load of loads.filter(({ name }) => pattern.test(name))) {
    const cost = await measure(load);
    costs.push({ name: load.name, kind: load.kind, short: shortfalls(cost) });
    if (!asJson) process.stdout.write(`${costLine(cost)}\n`);
    if (costs.flatMap(({ short }) => short).length >= enough) break;
  }
  if (asJson) process.stdout.write(`${JSON.stringify(costs)}\n`);
  return costs.every(({ short }) => short.length === 0) ? 0 : 1;
}

async function tryMutants(): Promise<number> {
  const sound = { violations: await findingsOf('violations'), cost: await findingsOf('cost') };
  let missed = 0;
  for (const mutant of mutants) {
    const caught = caughtBy(await findingsOf(mutant.shows, mutant), sound[mutant.shows]);
    if (caught.length === 0) missed++;
    process.stdout.write(
      `${caught.length === 0 ? 'MISSED' : 'caught'}  ${mutant.name.padEnd(50)}  ${caught.length} times: ${caught[0] ?? ''}\n`,
    );
  }
  process.stdout.write(`${mutants.length - missed} of ${mutants.length} mutants were caught\n`);
  return missed === 0 ? 0 : 1;
}

process.exitCode = await main();
