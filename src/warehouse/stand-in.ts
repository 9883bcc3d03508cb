import { EventEmitter } from 'node:events';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** What a stand-in has in place of its target's own. */
export interface InPlace {
  /** By name. Whoever sets one of these names on the stand-in replaces it there, and not in the target. */
  readonly methods: Readonly<Record<string, unknown>>;
  /** What to hand out for a value that the target gives. Default: the value. */
  readonly outward?: (value: unknown) => unknown;
}

/** How each method that takes a listener registers it. */
const registering: Readonly<Record<string, 'on' | 'prependListener'>> = {
  on: 'on',
  addListener: 'on',
  once: 'on',
  prependListener: 'prependListener',
  prependOnceListener: 'prependListener',
};

/**
 * `target`, with some methods of ours in place of its own. Nothing that it gives leads back to the target: neither what methods
 * return (most of an emitter's return `this`), nor what listeners and callbacks are told, nor pg's inner parts, which are
 * `undefined` here. What somebody's subclass adds runs on the stand-in, so that what it sends is judged too.
 */
export function standIn<T extends object>(target: T, { methods, outward: also = (value) => value }: InPlace): T {
  const ours: Record<PropertyKey, unknown> = { ...methods };
  const known = new WeakMap<Method, Method>();

  const outward = (value: unknown): unknown => {
    if (value === target) return proxy;
    const { then, client } = (value ?? {}) as { then?: unknown; client?: unknown };
    if (typeof then === 'function') return (value as PromiseLike<unknown>).then(outward);
    // pg notes on the error of an idle client whose it was.
    if (typeof client === 'object' && outward(client) !== client) Object.assign(value as object, { client: outward(client) });
    return also(value);
  };
  const told = (listener: Method): Method =>
    function tell(...args) {
      return Reflect.apply(listener, proxy, args.map(outward));
    };
  /** A listener, known to Node by the one it is for, so that it can be removed. */
  const registered = (name: string, type: unknown, listener: Method): unknown => {
    const emitter = target as EventEmitter;
    const hear: Method = told((...args) => {
      if (/once/i.test(name)) emitter.removeListener(type as string, hear);
      return Reflect.apply(listener, proxy, args);
    });
    Object.assign(hear, { listener });
    emitter[registering[name] ?? 'on'](type as string, hear);
    return proxy;
  };
  const methodFor = (name: PropertyKey, method: Method): Method => {
    const made = known.get(method);
    if (made !== undefined) return made;
    const self = isAdded(target, name) ? proxy : target;
    // Node looks for a listener to remove by what it is.
    const sent =
      name in EventEmitter.prototype ? (arg: unknown) => arg : (arg: unknown) => (typeof arg === 'function' ? told(arg as Method) : arg);
    // A proxy, so that a class stays one and a function keeps its properties.
    const method_ = new Proxy(method, {
      apply(_method, _self, args: unknown[]) {
        const [type, listener] = args;
        if (typeof listener === 'function' && Object.hasOwn(registering, name)) return registered(String(name), type, listener as Method);
        return outward(Reflect.apply(method, self, args.map(sent)));
      },
    });
    known.set(method, method_);
    return method_;
  };
  const get = (name: PropertyKey): unknown => {
    if (Object.hasOwn(ours, name)) return ours[name];
    const value: unknown = Reflect.get(target, name, isAdded(target, name) ? proxy : target);
    if (name === 'constructor' || (typeof value !== 'function' && typeof value !== 'object')) return value;
    if (isInner(name)) return undefined;
    return typeof value === 'function' ? methodFor(name, value as Method) : outward(value);
  };

  const proxy: T = new Proxy(target, {
    get: (_target, name) => get(name),
    has: (_target, name) => Object.hasOwn(ours, name) || Reflect.has(target, name),
    getOwnPropertyDescriptor(_target, name) {
      const found = Reflect.getOwnPropertyDescriptor(target, name);
      if (found?.configurable !== true) return found;
      return { value: get(name), writable: true, enumerable: found.enumerable === true, configurable: true };
    },
    defineProperty(_target, name, descriptor) {
      if (!Object.hasOwn(ours, name) && !isInner(name)) return Reflect.defineProperty(target, name, descriptor);
      ours[name] = descriptor.value;
      return true;
    },
  });
  return proxy;
}

/** Parts of pg itself: the clients of a pool, the connection and the queue of a client. Who listens, Node looks up by itself. */
function isInner(name: PropertyKey): boolean {
  return typeof name === 'string' && /^_(?!_|events)|^connection$|^newClient$/.test(name);
}

/** Is it a member that somebody's subclass adds? The classes of pg stand right on EventEmitter. */
function isAdded(target: object, name: PropertyKey): boolean {
  if (!(target instanceof EventEmitter)) return false;
  let owner: object | null = target;
  while (owner !== null && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner) as object | null;
  return owner !== null && owner !== target && owner instanceof EventEmitter && Object.getPrototypeOf(owner) !== EventEmitter.prototype;
}
