/** A store URL taken apart. Holds credentials: nothing of it is shown but through `redactUrl`. */
export interface StoreUrl {
  /** Everything, as it was written. */
  readonly text: string;
  readonly scheme: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** What stands where the hosts do: `host:11211,host2`, or the name of a table or cache. */
  readonly authority: string;
  /** With its slash, or empty. */
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const form = /^([a-z][a-z0-9+.-]*):(?:\/\/)?(?:([^/?#]*)@)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/is;
/** A control character, or what ends a line. */
export const control: RegExp = /[\p{Cc}\u2028\u2029]/u;
const mustEscape = 'write @ : / ? # % in a user name or password as %40 %3A %2F %3F %23 %25';

/**
 * Takes apart `scheme://user:password@host:port,host2/path?name=value` and `scheme:name`. A string is a problem, in words
 * that repeat no part of the URL. The platform's own parser knows no second host.
 */
export function parseStoreUrl(text: string): StoreUrl | string {
  // Each would be part of a name, of a prefix or a file: other locks, without a word.
  if (/[\r\n]$/.test(text)) return 'it ends in a line break, as the file of a secret does; take that away';
  if (text !== text.trim()) return 'it begins or ends with a blank; take that away';
  if (control.test(text)) return 'it holds a control character, such as a line break or a tab';
  const [, scheme, login, authority = '', path = '', query = '', fragment] = form.exec(text) ?? [];
  if (scheme === undefined) return 'a URL such as memcached://localhost:11211 is allowed';
  if (fragment !== undefined || (path + query).includes('@')) return `it cannot be taken apart; ${mustEscape}`;
  const parameters = new URLSearchParams(query);
  if (new Set(parameters.keys()).size < parameters.size) return 'one of its parameters stands there twice';
  try {
    const colon = login?.indexOf(':') ?? -1;
    const username = login === undefined ? '' : decodeURIComponent(colon === -1 ? login : login.slice(0, colon));
    const password = colon === -1 ? undefined : decodeURIComponent(login?.slice(colon + 1) ?? '');
    return {
      text,
      scheme: scheme.toLowerCase(),
      username: username || undefined,
      password,
      authority,
      path,
      parameters: new Map(parameters),
    };
  } catch {
    return `a % is not followed by two hexadecimal digits; ${mustEscape}`;
  }
}

/** `host:port` for each host of the authority, with `defaultPort` where none is written. A string is a problem. */
export function hostsOf({ authority }: Pick<StoreUrl, 'authority'>, defaultPort: number): readonly string[] | string {
  const hosts: string[] = [];
  for (const host of authority.split(',')) {
    const [, name, port = String(defaultPort)] = /^(\[[0-9a-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i.exec(host) ?? [];
    if (name === undefined || Number(port) < 1 || Number(port) > 65_535) {
      return 'hosts are written as host or host:port, with commas between them and ports from 1 to 65535';
    }
    hosts.push(`${name}:${port}`);
  }
  return hosts;
}

/** The URL as it was written, less some of its parameters. */
export function withoutParameters({ text }: StoreUrl, names: readonly string[]): string {
  const [base = '', query = ''] = text.split(/\?(.*)/s, 2);
  const kept = query.split('&').filter((parameter) => !names.includes(parameter.split('=', 1)[0] ?? ''));
  return kept.join('') === '' ? base : `${base}?${kept.join('&')}`;
}
