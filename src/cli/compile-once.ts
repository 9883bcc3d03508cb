import { setFlagsFromString } from 'node:v8';

/**
 * Before the SQL parser is loaded. V8 compiles WebAssembly twice, the second time for speed, and for PostgreSQL's parser that takes
 * 40 MB in Node 20, 85 in Node 22 and 340 to 600 in Node 24, after some twenty statements. A statement is parsed once, so it
 * never pays. For all WebAssembly of the process: for the program alone, never for a library.
 */
export function compileParserOnce(): void {
  try {
    setFlagsFromString('--no-wasm-dynamic-tiering --no-wasm-tier-up');
  } catch {
    // Bun and Deno have no such flags.
  }
}
