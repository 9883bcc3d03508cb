import { basename } from 'node:path';

/** Why a config that is there forbids another one in its folder: of two a search finds one. */
export function whyNotBeside(there: string, path: string): string {
  return there === path ? '' : `, and is what giveway finds in this folder: ${basename(path)} would not be found beside it`;
}
