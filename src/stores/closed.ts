import { StoreUnavailableError } from '../lock/errors.ts';

/** Every call of a store that was closed. It does not come back, so it is no outage. */
export function closedError(name: string): StoreUnavailableError {
  return new StoreUnavailableError(`The ${name} store was closed; open another one`, { code: 'ERR_GIVEWAY_STORE_CLOSED' });
}
