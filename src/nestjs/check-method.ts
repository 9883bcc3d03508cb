import { GivewayError, InvalidOptionError } from '../lock/errors.ts';

/** Is a decorator on a method, as the compiler calls it with `experimentalDecorators`? Throws `GivewayError`. */
export function checkMethod(decorator: string, key: unknown, descriptor: { readonly value?: unknown } | undefined): void {
  if (typeof key === 'object')
    throw new GivewayError(
      'ERR_GIVEWAY_DECORATORS',
      `${decorator} needs the compiler's option \`experimentalDecorators\`, as Nest's own decorators do.`,
    );
  if (typeof descriptor?.value !== 'function') throw new InvalidOptionError(decorator, String(key), 'it goes on methods only');
}
