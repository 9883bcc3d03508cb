import { InvalidOptionError } from '../../lock/errors.ts';
import type { Asker } from './adapter.ts';
import type { IoredisClient, IoredisCommand } from './client.ts';

type CommandClass = new (name: string, key: string, args: readonly string[], asker: Asker) => IoredisCommand;

/**
 * The commands that giveway gives to `client`. What ioredis makes for each of its own (a promise, tables of transformers for
 * arguments and replies, the search for keys) costs a third of the whole pair: 12.5 µs by `call`, 7.7 by these. They are commands
 * of ioredis by their prototype, so that whatever a version of it asks of one is there.
 */
export function commandsFor(client: IoredisClient): CommandClass {
  class Command implements IoredisCommand {
    readonly name: string;
    readonly args: readonly string[];
    readonly keys: readonly string[];
    readonly promise: Promise<unknown> | undefined;
    isSettled = false;
    // Of its own and bound: tracers put theirs in their place, and call these without an object.
    resolve: (reply: unknown) => void;
    reject: (error: unknown) => void;

    constructor(name: string, key: string, args: readonly string[], asker: Asker) {
      this.name = name;
      this.args = args;
      this.keys = [key];
      this.promise = asker.promise;
      this.resolve = (reply) => {
        this.isSettled = true;
        asker.answered(reply);
      };
      this.reject = (error) => {
        this.isSettled = true;
        asker.failed(error);
      };
    }

    toWritable(): string {
      const { name, args } = this;
      let text = `*${args.length + 1}\r\n$${name.length}\r\n${name}\r\n`;
      for (const arg of args) text += `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`;
      return text;
    }

    /** For `commandTimeout`: our calls have a deadline of their own. */
    setTimeout(): void {}
  }
  Object.setPrototypeOf(Command.prototype, prototypeOf(client));
  return Command;
}

/** Of the client's own commands, shown by one that is not sent. `info`, since that is put into no pipeline. */
function prototypeOf(client: IoredisClient): object {
  const mute: IoredisClient = Object.create(client, { sendCommand: { value: (command: unknown) => command } });
  const shown: object = mute.call('info');
  if ('toWritable' in shown) return Object.getPrototypeOf(shown);
  throw new InvalidOptionError('client', client, 'a client of ioredis 5 or later is needed, itself and not a stand-in for it');
}
