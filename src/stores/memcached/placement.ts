import { createHash } from 'node:crypto';

/**
 * Which of several servers holds `key`: the one whose name hashed together with the key is greatest (rendezvous hashing).
 * The order of the list does not matter, and a server more or less moves only that server's share of the keys.
 *
 * Every process, transport and language must agree on it, or two of them hold one lock on two servers: FNV-1a
 * (32 bit) over `name`, a line feed and `key`, finished with the last five steps of MurmurHash3.
 */
export function placeOf<S extends { readonly name: string }>(key: string, servers: readonly S[]): S {
  if (servers.length === 1) return servers[0] as S;
  const scoreOf = ({ name }: S): number => hash(`${name}\n${key}`);
  return servers.reduce((best, server) => {
    const lead = scoreOf(server) - scoreOf(best);
    return lead > 0 || (lead === 0 && server.name < best.name) ? server : best;
  });
}

/** Sixteen hex digits that are equal for equal lists, in whatever order they are written. */
export function fingerprint(servers: readonly { readonly name: string }[]): string {
  const names = servers.map(({ name }) => name).sort();
  return createHash('sha256').update(names.join(',')).digest('hex').slice(0, 16);
}

function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    bits = Math.imul(bits ^ text.charCodeAt(index), 0x01000193);
  }
  // FNV alone leaves the high bits almost untouched by the last characters, where names and keys differ most.
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
