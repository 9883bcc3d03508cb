import { randomFillSync } from 'node:crypto';

const tokenBytes = 16;
const random = Buffer.allocUnsafeSlow(tokenBytes * 256);
/** In one piece, of which tokens are cut: to write each by itself takes four times as long. */
let digits = '';
let used = 0;

/** 128 random bits as hex, new for every acquisition. Ownership is the token, never the host. */
export function newToken(): string {
  if (used === digits.length) {
    digits = randomFillSync(random).toString('hex');
    used = 0;
  }
  used += 2 * tokenBytes;
  return digits.slice(used - 2 * tokenBytes, used);
}
