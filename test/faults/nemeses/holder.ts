import { holderIn, type Nemesis, stallHolder } from '../nemesis.ts';

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
      await stallHolder(arena, 'stall');
    },
  },
];
