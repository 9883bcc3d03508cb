import type { LockStore } from '../../lock/store.ts';
import type { StoreUrl } from '../store-url.ts';

/** How one backend is written as a URL, and how such a URL becomes a store. */
export interface Backend {
  /** For people. */
  readonly example: string;
  /** The parameters that are giveway's, with the form of their values. */
  readonly parameters: Readonly<Record<string, ParameterForm>>;
  /** Set where other parameters are the client's business; elsewhere they are refused. */
  readonly passesOn?: true;
  /** Which login its URL takes. Any other is refused, since it would be dropped. */
  readonly login: LoginForm;
  /** What is wrong with the hosts or the name, if anything, in words that repeat nothing of the URL. */
  problem(url: StoreUrl): string | undefined;
  /** Loads the backend, which nothing else does. */
  open(url: StoreUrl): Promise<LockStore>;
}

/** `password`: alone, or with a user name before it. `any`: a user name alone too. */
type LoginForm = 'none' | 'both or none' | 'password' | 'any';

export type ParameterForm = 'milliseconds' | 'true or false' | 'text';

/** giveway's own parameters as options of the store, but for those that are for its client. */
export function optionsIn({ parameters }: StoreUrl, { parameters: forms }: Backend, forClient: readonly string[] = []): object {
  const given = Object.entries(forms).filter(([name]) => parameters.has(name) && !forClient.includes(name));
  return Object.fromEntries(given.map(([name, form]) => [name, parse(parameters.get(name) ?? '', form)]));
}

function parse(text: string, form: ParameterForm): string | number | boolean {
  if (form === 'milliseconds') return Number(text);
  return form === 'text' ? text : text === 'true';
}
