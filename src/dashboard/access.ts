import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Who may see the page and who may unlock. */
export interface Access {
  /** Is it what was set? Takes as long whatever it is. */
  isToken(candidate: string): boolean;
  /** A cookie's value for somebody who knew the token. Another token ends it. */
  newSession(): string;
  isSession(value: string): boolean;
}

export const sessionMs: number = 12 * 3_600_000;

export function createAccess(token: string): Access {
  const sign = (endsMs: string): string => createHmac('sha256', token).update(`giveway dashboard ${endsMs}`).digest('base64url');
  return {
    isToken: (candidate) => isSame(candidate, token),
    newSession() {
      const endsMs = String(Date.now() + sessionMs);
      return `${endsMs}.${sign(endsMs)}`;
    },
    isSession(value) {
      const [endsMs = '', signature = ''] = value.split('.');
      return isSame(signature, sign(endsMs)) && Number(endsMs) > Date.now();
    },
  };
}

/** The hashes are as long as each other, which `timingSafeEqual` asks for. */
function isSame(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
