import type { Entry } from '../../src/index.ts';
import type { Backend, Change } from './backend.ts';
import type { Chance } from './chance.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Timeline } from './timeline.ts';

/** How well a backend calls those who subscribed. */
export interface PushSettings {
  readonly leastMs: number;
  readonly mostMs: number;
  /** Shares of calls that never come, come twice, or say along what stands there. */
  readonly lost: number;
  readonly doubled: number;
  readonly withEntry: number;
}

export interface Pushes {
  subscribe(process: SimulatedProcess, key: string, onChange: (now?: Entry) => void, epoch: () => string): Disposable;
  /** Somebody changed a key. */
  tell(change: Change, backend: Backend): void;
  /** Tells nobody for a while. */
  fallSilent(ms: number): void;
}

interface Subscriber {
  readonly process: SimulatedProcess;
  readonly onChange: (now?: Entry) => void;
  readonly epoch: () => string;
}

export function createPushes(timeline: Timeline, chance: Chance, settings: PushSettings): Pushes {
  const subscribers = new Map<string, Set<Subscriber>>();
  let silentUntilMs = 0;

  return {
    subscribe(process, key, onChange, epoch) {
      const subscriber = { process, onChange, epoch };
      const all = subscribers.get(key) ?? new Set();
      subscribers.set(key, all.add(subscriber));
      return { [Symbol.dispose]: () => void all.delete(subscriber) };
    },
    tell({ key, what }, backend) {
      // An append need not be told; what ends by itself never is.
      if (what === 'forget' || what === 'create' || (what === 'append' && chance.happens(0.5))) return;
      for (const subscriber of subscribers.get(key) ?? []) {
        if (timeline.nowMs < silentUntilMs || chance.happens(settings.lost)) continue;
        const entry = chance.happens(settings.withEntry) ? backend.apply({ what: 'read', key }, '', subscriber.epoch()) : undefined;
        for (let times = chance.happens(settings.doubled) ? 2 : 1; times > 0; times--)
          timeline.after(chance.within(settings.leastMs, settings.mostMs), () =>
            subscriber.process.deliver(() => {
              if (subscribers.get(key)?.has(subscriber)) subscriber.onChange(entry);
            }),
          );
      }
    },
    fallSilent(ms) {
      silentUntilMs = Math.max(silentUntilMs, timeline.nowMs + ms);
    },
  };
}
