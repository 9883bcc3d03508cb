import { holderIn, type Nemesis } from '../nemesis.ts';

export const holderNemeses: readonly Nemesis[] = [
  {
    name: 'none',
    does: 'nothing: how it looks when all is well',
    strike: ({ random }) => new Promise((resolve) => setTimeout(resolve, random.between(200, 400))),
  },
  {
    name: 'holder killed',
    does: 'SIGKILL to a process that holds a lock; another process takes its place',
    async strike(arena) {
      await (await holderIn(arena)).kill();
    },
  },
  {
    name: 'holder stopped',
    does: 'SIGSTOP to a process that holds a lock until its key is gone, then SIGCONT',
    async strike(arena) {
      await (await holderIn(arena)).pause(arena.pastTtlMs);
    },
  },
  {
    name: 'holder stalled',
    does: 'a process that holds a lock blocks its event loop until its key is gone',
    async strike(arena) {
      const member = await holderIn(arena);
      const pauses = (): number => member.lines.filter(({ what }) => what === 'paused').length;
      const before = pauses();
      member.command(`stall ${arena.pastTtlMs}`);
      const giveUpAt = Date.now() + 4 * arena.pastTtlMs;
      while (pauses() === before && Date.now() < giveUpAt) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  },
];
