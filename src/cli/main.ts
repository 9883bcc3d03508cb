#!/usr/bin/env node
import { createRequire } from 'node:module';
import { exitCodes } from './exit-codes.ts';
import { runCli } from './program.ts';
import { processTerminal } from './terminal.ts';

const version = (): string => (createRequire(import.meta.url)('giveway/package.json') as { version: string }).version;
const terminal = processTerminal();

// What a config waits for may never come. With nothing left to do Node would end in success, and the command has not run.
process.once('beforeExit', () => {
  terminal.writeError('giveway: it waits for something that can no longer come, such as a promise in the config that nobody settles\n');
  process.exit(exitCodes.software);
});

// Not `process.exitCode`: what a user's config opened must not keep a command from ending.
// A turn later, in which a write to a full disk is told.
void runCli(process.argv.slice(2), terminal, version).then((code) => setImmediate(() => process.exit(code)));
