/** What can stand in a `List`: in one at a time. */
export interface Linked<T> {
  previous: T | undefined;
  next: T | undefined;
}

/** In the order in which they came. Coming and going take the same time however many there are, and leave nothing to collect. */
export class List<T extends Linked<T>> {
  head: T | undefined;
  tail: T | undefined;
  size = 0;

  push(item: T): void {
    item.previous = this.tail;
    item.next = undefined;
    if (this.tail === undefined) this.head = item;
    else this.tail.next = item;
    this.tail = item;
    this.size++;
  }

  remove(item: T): void {
    if (item.previous === undefined) this.head = item.next;
    else item.previous.next = item.next;
    if (item.next === undefined) this.tail = item.previous;
    else item.next.previous = item.previous;
    item.previous = undefined;
    item.next = undefined;
    this.size--;
  }

  has(item: T): boolean {
    return item.previous !== undefined || this.head === item;
  }

  /** All of them now; who comes or goes meanwhile does not matter. */
  all(): T[] {
    const items: T[] = [];
    for (let item = this.head; item !== undefined; item = item.next) items.push(item);
    return items;
  }
}
