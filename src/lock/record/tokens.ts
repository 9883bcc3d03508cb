import { randomFillSync } from 'node:crypto';

const tokenBytes = 16;
const pool = Buffer.allocUnsafeSlow(tokenBytes * 256);
let used: number = pool.length;

/** 128 random bits as hex, new for every acquisition. Ownership is the token, never the host. */
export function newToken(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += tokenBytes;
  return pool.toString('hex', used - tokenBytes, used);
}
