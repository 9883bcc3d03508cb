import { randomFillSync } from 'node:crypto';

const idBytes = 16;
/** Asking for random bits costs more than the bits do, so 256 ids are filled at once. */
const pool = Buffer.allocUnsafeSlow(idBytes * 256);
let used: number = pool.length;

/** 128 random bits, as 22 characters of base64url: names one write. */
export function randomId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += idBytes;
  return pool.toString('base64url', used - idBytes, used);
}
