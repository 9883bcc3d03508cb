import { createHash } from 'node:crypto';
import { InvalidOptionError } from '../../../lock/errors.ts';

/** Begins what stands for a token in the table. No token does: they are hex. */
const mark = '#';

/** What stands in the table for the tokens of locks: who can read it must not be able to end a lock by what it read. */
export interface Tokens {
  /** What is written. What was read of others stays as it is. */
  mask(token: string): string;
  /** Of an entry that another process made. Throws `InvalidOptionError` for what was read. */
  recognize(token: string): void;
  /** Our own token where we know it, else what was read. */
  unmask(masked: string): string;
}

/** Remembers the last `limit` tokens that it masked. Each heartbeat masks anew, so only more locks than that at once could be forgotten. */
export function createTokens(limit: number): Tokens {
  const known = new Map<string, string>();
  const mask = (token: string): string => {
    if (token.startsWith(mark)) return token;
    const masked = digestOf(token);
    known.delete(masked);
    known.set(masked, token);
    if (known.size > limit) known.delete(known.keys().next().value ?? masked);
    return masked;
  };
  return {
    mask,
    recognize(token) {
      if (token.startsWith(mark))
        throw new InvalidOptionError('token', token, 'the token itself is allowed, not what stands for it in the table');
      mask(token);
    },
    unmask: (masked) => known.get(masked) ?? masked,
  };
}

/** 128 bits, as many as a token has. */
export function digestOf(text: string): string {
  return mark + createHash('sha256').update(text).digest('hex').slice(0, 32);
}
