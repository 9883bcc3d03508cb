import { channel } from 'node:diagnostics_channel';
import { eventNames } from '../lock/events.ts';
import type { Holder } from '../lock/holder.ts';
import { type Listeners, listen, type Observed, seenHolders } from './listening.ts';

/**
 * Publishes every event on the channel `giveway:EVENT` of `node:diagnostics_channel`: the event's own data, holders without
 * their tokens. Costs next to nothing while nobody subscribes.
 */
export function diagnosticsObserver(locker: Observed): Disposable {
  const listeners = eventNames.map((event) => {
    const events = channel(`giveway:${event}`);
    const publish = (data: object): void => {
      if (events.hasSubscribers) events.publish(presentable(data));
    };
    return [event, publish];
  });
  return listen(locker, Object.fromEntries(listeners) as Listeners);
}

function presentable(data: object): object {
  return 'holders' in data ? { ...data, holders: seenHolders(data.holders as readonly Holder[]) } : data;
}
