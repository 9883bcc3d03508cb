/** Some four hundred requests. What was sent is never written over: the kernel may not have taken it yet. */
const pieceBytes = 65_536;

/** The part of a socket that is used. */
interface Sink {
  readonly destroyed: boolean;
  write(bytes: Buffer): unknown;
}

/**
 * What one tick asks for leaves in one piece, at its end, or when that is full. Where the tick before asked for one thing at most, the
 * first of the next leaves at once: whoever goes one after another need not wait for its own bookkeeping, 6 to 10 µs of a pair's 150.
 * Requests are written where they are sent from.
 */
export class Outbox {
  readonly #socket: Sink;
  bytes: Buffer = Buffer.alloc(0);
  /** Of the same memory. */
  view: DataView = new DataView(this.bytes.buffer, 0, 0);
  #end = 0;
  #sent = 0;
  /** In this tick. */
  #requests = 0;
  #comeTogether = false;

  constructor(socket: Sink) {
    this.#socket = socket;
  }

  /** Makes room for one request; gives where it is to be written. */
  begin(atMostBytes: number): number {
    if (this.#end + atMostBytes > this.bytes.length) this.#takeNewPiece(atMostBytes);
    return this.#end;
  }

  /** The request has been written, up to `end`. */
  push(end: number): void {
    this.#end = end;
    if (this.#requests++ > 0) return;
    process.nextTick(this.#endTick);
    if (!this.#comeTogether) this.#send();
  }

  /** What is in the full one leaves at once: to take it along would be to copy all of it again for each request of a burst. */
  #takeNewPiece(atMostBytes: number): void {
    this.#send();
    this.bytes = Buffer.allocUnsafeSlow(Math.max(pieceBytes, atMostBytes));
    this.view = new DataView(this.bytes.buffer);
    this.#end = this.#sent = 0;
  }

  readonly #endTick = (): void => {
    this.#comeTogether = this.#requests > 1;
    this.#requests = 0;
    this.#send();
  };

  #send(): void {
    if (this.#end === this.#sent) return;
    const piece = this.bytes.subarray(this.#sent, this.#end);
    this.#sent = this.#end;
    if (!this.#socket.destroyed) this.#socket.write(piece);
  }
}
