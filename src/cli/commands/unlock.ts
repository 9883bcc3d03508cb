import type { Command } from 'commander';
import { type Removal, removeShown } from '../../lock/api/removal.ts';
import { GivewayError } from '../../lock/errors.ts';
import { shortly } from '../../observe/answers/shortly.ts';
import { durationBetween } from '../durations.ts';
import { exitCodes } from '../exit-codes.ts';
import { type CommonFlags, openConfig } from '../open.ts';
import { type Observer, observe, type Sight, sightJson } from '../sight.ts';
import { jsonLine, printable, type Terminal } from '../terminal.ts';
import { endInWords, holderInWords } from '../words.ts';
import { newCommand, type Perform } from './grammar.ts';

interface UnlockFlags extends CommonFlags {
  readonly yes?: true;
  readonly ifOlderThan?: number;
}

const examples = [
  ['giveway unlock events', 'shows who holds events, asks, and removes the lock'],
  ['giveway unlock events --yes --if-older-than 10m', 'for scripts: only what has been held for ten minutes'],
] as const;

export function unlockCommand(perform: Perform): Command {
  return newCommand('unlock', "Removes a lock whose holder is gone. A holder's process that still runs goes on without it.", examples)
    .argument('<resource>')
    .option('-y, --yes', 'do not ask')
    .option('--if-older-than <duration>', 'only if every holder has had it for so long', durationBetween(0, 365 * 86_400_000))
    .action((resource: string, flags: UnlockFlags) => perform((terminal) => unlock(terminal, resource, flags)));
}

async function unlock(terminal: Terminal, resource: string, flags: UnlockFlags): Promise<number> {
  const observer = await observe(await openConfig(terminal, flags));
  // With the outcome, in one piece: where nobody listens, a write ends the process, and the lock would stay.
  let unshown = '';
  const answer = (outcome: string, code: number, sight: Sight, words: string): number => {
    if (flags.json) terminal.write(jsonLine({ outcome, ...sightJson(sight) }));
    else terminal.write(`${unshown}${words}\n`);
    return code;
  };
  try {
    const sight = await observer.look(observer.nameOf(resource));
    const name = printable(sight.resource);
    if (sight.state === 'free') return answer('free', exitCodes.ok, sight, `${name} is free.`);
    unshown = show(sight);
    const refusal = tooYoung(sight, flags.ifOlderThan);
    if (refusal !== undefined) return answer('kept', exitCodes.busy, sight, `Kept: ${refusal}.`);
    if (!flags.yes) {
      // Beside the question, wherever stdout goes.
      if (terminal.canAsk || !flags.json) terminal.writeError(unshown);
      unshown = '';
      if (!terminal.canAsk) throw new GivewayError('ERR_GIVEWAY_INVALID_OPTION', 'nobody can be asked here; --yes removes without asking');
      const reply = await terminal.ask(`Remove the lock on ${name}? [y/N] `);
      if (!/^y(es)?$/i.test(reply.trim())) return answer('kept', exitCodes.busy, sight, 'Kept.');
    }
    switch (await remove(observer, sight)) {
      case 'removed':
        return answer('removed', exitCodes.ok, sight, `Removed. ${name} is free.`);
      case 'gone':
        return answer('free', exitCodes.ok, sight, `Nothing to remove: ${name} is free by now.`);
      case 'changed':
        return answer('changed', exitCodes.busy, sight, 'Kept: somebody else holds it by now. Look again.');
    }
  } finally {
    await observer.close();
  }
}

/** Of a record that cannot be read nobody knows the holders, so only the version that was shown will do. */
async function remove({ store, keyOf }: Observer, { resource, state, holders, version }: Sight): Promise<Removal> {
  if (state !== 'unreadable' || version === undefined) {
    return removeShown(
      store,
      keyOf(resource),
      holders.map(({ token }) => token),
    );
  }
  return (await store.remove(keyOf(resource), version)) ? 'removed' : 'changed';
}

function tooYoung({ state, holders }: Sight, leastMs: number | undefined): string | undefined {
  if (leastMs === undefined) return undefined;
  if (state === 'unreadable') return 'its record cannot be read, so nobody knows how old it is';
  const youngestMs = Math.min(...holders.map(({ since }) => Date.now() - since));
  return youngestMs >= leastMs ? undefined : `held for ${shortly(Math.max(0, youngestMs))}, less than ${shortly(leastMs)}`;
}

function show({ resource, state, holders }: Sight): string {
  if (state === 'unreadable') return `${printable(resource)}: a record that this version of giveway cannot read\n`;
  return holders
    .map((holder) => `${printable(resource)}: ${holderInWords(holder, Date.now())}; ends ${endInWords(holder, Date.now())}\n`)
    .join('');
}
