import { setTimeout as sleep } from 'node:timers/promises';
import { startWorker, type Worker } from '../processes/spawn.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import type { ProcessServer } from '../support/services.ts';
import { type Backend, urlThrough } from './backends.ts';
import { type Line, sharedClockMs } from './history.ts';
import type { StoreName } from './stores.ts';
import type { VariantName } from './unsafe.ts';

export interface WorkerSettings {
  readonly name: string;
  readonly store: StoreName;
  readonly url: string;
  readonly namespace: string;
  readonly seed: string;
  readonly variant: VariantName;
  readonly modes: 'all' | 'write';
  /** The folder of the package that it runs. Default: the sources. */
  readonly packed?: string;
}

/** Another version of the product. */
export interface Beside {
  readonly version: string;
  /** Of its package. */
  readonly packed: string;
}

/** One worker process, and the proxy between it and the server. */
export interface Member {
  readonly name: string;
  readonly proxy: FaultProxy;
  /** What it has written so far. */
  readonly lines: readonly Line[];
  readonly isAlive: boolean;
  /** Sends a command, see `worker.ts`. */
  command(line: string): void;
  /** SIGSTOP, and SIGCONT `ms` later. */
  pause(ms: number): Promise<void>;
  /** SIGKILL; another one takes its place, behind the same proxy. */
  kill(): Promise<void>;
}

export interface Fleet {
  /** Those that run now. */
  members(): readonly Member[];
  /** Writes a line of the nemesis or the harness into the history. */
  note(line: Line): void;
  history(): readonly Line[];
  /** Tells all to stop, waits for their ends, and closes the proxies. */
  end(): Promise<void>;
}

/** What the names of its workers end with. */
export function suffixOf({ version }: Beside): string {
  return ` of ${version}`;
}

const fleetSize = 3;
/** With another version beside: half of each. */
const mixedFleetSize = 4;
const endsWithinMs = 15_000;

export async function startFleet(
  { backend, server }: { readonly backend: Backend; readonly server: ProcessServer },
  settings: Omit<WorkerSettings, 'name' | 'store' | 'url' | 'packed'>,
  beside?: Beside,
): Promise<Fleet> {
  const size = beside === undefined ? fleetSize : mixedFleetSize;
  const notes: Line[] = [];
  const all: Member[] = [];
  const ends: Promise<unknown>[] = [];
  const workers = new Map<Member, Worker>();
  const proxies = await Promise.all(Array.from({ length: size }, () => startProxy(server, { protocol: backend.protocol })));

  async function hire(slot: number, generation: number): Promise<void> {
    const proxy = proxies[slot] as FaultProxy;
    const other = slot % 2 === 1 ? beside : undefined;
    const name = `${String.fromCharCode(97 + slot)}${generation}${other === undefined ? '' : suffixOf(other)}`;
    const own: WorkerSettings = {
      ...settings,
      name,
      store: backend.name,
      url: urlThrough(server, proxy),
      seed: `${settings.seed} ${name}`,
      ...(other && { packed: other.packed }),
    };
    const worker = startWorker('../faults/worker.ts', [JSON.stringify(own)], {});
    let isAlive = true;
    ends.push(
      worker.ended.then((code) => {
        isAlive = false;
        notes.push({ what: 'exited', at: sharedClockMs(), worker: name, code });
      }),
    );
    const member: Member = {
      name,
      proxy,
      lines: worker.lines as unknown as readonly Line[],
      get isAlive() {
        return isAlive;
      },
      command: (line) => void worker.process.stdin?.write(`${line}\n`),
      async pause(ms) {
        const at = sharedClockMs();
        worker.process.kill('SIGSTOP');
        await sleep(ms);
        worker.process.kill('SIGCONT');
        notes.push({ what: 'paused', at, until: sharedClockMs(), worker: name });
      },
      async kill() {
        notes.push({ what: 'killed', at: sharedClockMs(), worker: name });
        isAlive = false;
        worker.process.kill('SIGKILL');
        await worker.ended;
        await hire(slot, generation + 1);
      },
    };
    worker.process.stdin?.on('error', () => {});
    workers.set(member, worker);
    all.push(member);
    await worker.told('ready');
  }

  await Promise.all(proxies.map((_, slot) => hire(slot, 1)));
  const members = (): readonly Member[] => all.filter(({ isAlive }) => isAlive);
  return {
    members,
    note: (line) => void notes.push(line),
    history: () => [...notes, ...all.flatMap(({ lines }) => lines)],
    async end() {
      for (const member of members()) member.command('stop');
      const late = setTimeout(() => {
        for (const member of members()) {
          notes.push({ what: 'stuck', at: sharedClockMs(), worker: member.name });
          workers.get(member)?.process.kill('SIGKILL');
        }
      }, endsWithinMs);
      await Promise.all(ends);
      clearTimeout(late);
      await Promise.all(proxies.map((proxy) => proxy.close()));
    },
  };
}
