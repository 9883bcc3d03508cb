/**
 * The lock server that nobody has: in memory, next door, without failures. It knows three modes, serves each resource first
 * come, first served, gives all resources of a request or none, and pushes. What giveway is measured by.
 *
 * A line of JSON asks, `{"id":1,"wants":[["events","append"]]}`, and is answered `1` when it holds; `{"id":1}` lets go, and is answered `1`.
 */
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Want } from './scope.ts';

export interface Request {
  readonly id: number;
  readonly wants?: readonly Want[];
}

interface Place {
  readonly socket: Socket;
  readonly id: number;
  readonly wants: readonly Want[];
  holds: boolean;
}

/** Everybody in the order in which they came, those who hold and those who wait: the first-come queue of every resource in one. */
let line: Place[] = [];

function excludes(one: Place, other: Place): boolean {
  return one.wants.some(([name, mode]) => other.wants.some((want) => want[0] === name && (mode === 'write' || want[1] !== mode)));
}

/** Whoever has nobody before it that it would exclude holds all it wants. */
function serve(): void {
  for (const [at, place] of line.entries()) {
    if (place.holds || line.slice(0, at).some((earlier) => excludes(place, earlier))) continue;
    place.holds = true;
    place.socket.write(`${place.id}\n`);
  }
}

function leave(isGone: (place: Place) => boolean): void {
  line = line.filter((place) => !isGone(place));
  serve();
}

const server = createServer({ noDelay: true }, (socket) => {
  createInterface(socket).on('line', (text) => {
    const { id, wants } = JSON.parse(text) as Request;
    if (wants === undefined) {
      socket.write(`${id}\n`);
      leave((place) => place.socket === socket && place.id === id);
    } else {
      line.push({ socket, id, wants, holds: false });
      serve();
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => leave((place) => place.socket === socket));
});
server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
process.on('disconnect', () => process.exit());
