/** Some four hundred requests. What was sent is never written over: the kernel may not have taken it yet. */
const pieceBytes = 65_536;

/** The part of a socket that is used. */
interface Sink {
  readonly destroyed: boolean;
  write(bytes: Buffer): unknown;
}

/** What one tick asks for leaves in one piece, at its end, or when that is full. Requests are written where they are sent from. */
export class Outbox {
  readonly #socket: Sink;
  bytes: Buffer = Buffer.alloc(0);
  /** Of the same memory. */
  view: DataView = new DataView(this.bytes.buffer, 0, 0);
  /** Where the next request is to be written; whoever has written one moves it behind that. */
  end = 0;
  #sent = 0;

  constructor(socket: Sink) {
    this.#socket = socket;
  }

  /** Makes room for one request; gives `end`. */
  begin(atMostBytes: number): number {
    if (this.end === this.#sent) process.nextTick(this.#send);
    if (this.end + atMostBytes > this.bytes.length) this.#takeNewPiece(atMostBytes);
    return this.end;
  }

  /** What is in the full one leaves at once: to take it along would be to copy all of it again for each request of a burst. */
  #takeNewPiece(atMostBytes: number): void {
    if (this.end > this.#sent) this.#send();
    this.bytes = Buffer.allocUnsafeSlow(Math.max(pieceBytes, atMostBytes));
    this.view = new DataView(this.bytes.buffer);
    this.end = this.#sent = 0;
  }

  readonly #send = (): void => {
    const piece = this.bytes.subarray(this.#sent, this.end);
    this.#sent = this.end;
    if (!this.#socket.destroyed) this.#socket.write(piece);
  };
}
