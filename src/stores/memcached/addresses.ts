import { InvalidOptionError } from '../../lock/errors.ts';

/** Where one memcached listens. `name` is `host:port`: it places keys, and stands in messages. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly name: string;
}

const defaultPort = 11_211;
const allowed = '"host:port" or "host" is allowed, several separated by commas or as an array; IPv6 in brackets; no credentials';

/** Reads `'a:11211,b:11211'` or `['a:11211', 'b:11211']`. The port may be left out. */
export function parseAddresses(servers: unknown): readonly Address[] {
  const texts = typeof servers === 'string' ? servers.split(',') : servers;
  if (!Array.isArray(texts) || texts.length === 0) throw new InvalidOptionError('servers', servers, allowed);
  const addresses = texts.map((text, index) => parseAddress(text, Array.isArray(servers) ? `servers[${index}]` : 'servers'));
  refuseTwins(addresses);
  return addresses;
}

/** An address from its parts, checked. */
export function addressOf(host: unknown, port: unknown, path: string): Address {
  if (typeof host !== 'string' || host === '') throw new InvalidOptionError(path, host, allowed);
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new InvalidOptionError(path, port, 'a port from 1 to 65535 is allowed');
  }
  return { host, port, name: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` };
}

function parseAddress(text: unknown, path: string): Address {
  if (typeof text !== 'string') throw new InvalidOptionError(path, text, allowed);
  // What stands before an @ is probably a password, and must not get into a message.
  if (text.includes('@')) throw new InvalidOptionError(path, 'an address with "@" in it', `${allowed}: pass \`username\` and \`password\``);
  const match = /^\s*(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:[\]/]+))(?::(\d{1,5}))?\s*$/.exec(text);
  if (match === null) throw new InvalidOptionError(path, text, allowed);
  return addressOf(match[1] ?? match[2], match[3] === undefined ? defaultPort : Number(match[3]), path);
}

function refuseTwins(addresses: readonly Address[]): void {
  const names = addresses.map(({ name }) => name);
  const twin = names.find((name, index) => names.indexOf(name) !== index);
  if (twin !== undefined) throw new InvalidOptionError('servers', twin, 'each server is allowed once');
}
