#!/usr/bin/env node
import { createRequire } from 'node:module';
import { runCli } from './program.ts';
import { processTerminal } from './terminal.ts';

const version = (): string => (createRequire(import.meta.url)('giveway/package.json') as { version: string }).version;

// Not `process.exitCode`: what a user's config opened must not keep a command from ending.
// A turn later, in which a write to a full disk is told.
void runCli(process.argv.slice(2), processTerminal(), version).then((code) => setImmediate(() => process.exit(code)));
