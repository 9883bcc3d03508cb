import { InvalidOptionError } from '../lock/errors.ts';
import { redactUrl } from '../lock/redact.ts';
import type { Terminal } from './terminal.ts';

/** What a config that is written names as its store. */
export interface StoreToWrite {
  /** As it is named; `undefined`: nowhere. */
  readonly url: string | undefined;
  /** What the file says; `undefined`: the URL holds credentials, and stays out of it. */
  readonly written: string | undefined;
  /** What is to be done about credentials. */
  readonly remedy: string | undefined;
}

const usual = 'memcached://localhost:11211';

/** By the flag, else by the variable, else `home`, the database that is to keep the locks too. Rejects with `InvalidOptionError`. */
export async function storeToWrite({ env }: Terminal, flag: string | undefined, home?: string): Promise<StoreToWrite> {
  const named: readonly (readonly [from: keyof typeof remedies, url: string | undefined])[] = [
    ['--store', flag],
    ['GIVEWAY_STORE', env.GIVEWAY_STORE || undefined],
    ['--database-url', home],
  ];
  const [from, url] = named.find(([, each]) => each !== undefined) ?? [];
  if (from === undefined || url === undefined) return { url: undefined, written: usual, remedy: undefined };
  const { storeSettingProblem } = await import('../config/store-setting.ts');
  const problem = storeSettingProblem(url);
  if (problem !== undefined) throw new InvalidOptionError(from, redactUrl(url), problem);
  return redactUrl(url) === url ? { url, written: url, remedy: undefined } : { url, written: undefined, remedy: remedies[from] };
}

const remedies = {
  '--store': 'the store URL holds credentials and was not written; set it in GIVEWAY_STORE',
  GIVEWAY_STORE: 'the URL in GIVEWAY_STORE holds credentials and was not written; leave it set',
  '--database-url': 'the URL of the database was not written; set it in GIVEWAY_STORE and GIVEWAY_JOURNAL',
} as const;
