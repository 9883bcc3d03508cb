import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import * as decorators from '../../src/jobs/decorators.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { problemsOf } from './compile.ts';

/**
 * A service as in NestJS: decorators of the framework that hang metadata on the method's function, above and below, and
 * one that wraps.
 */
const service = `
import { Locked } from 'giveway/decorators';

const metadata = new WeakMap<object, Map<unknown, unknown>>();
Object.assign(Reflect, {
  defineMetadata: (key: unknown, value: unknown, of: object) => void metadata.set(of, (metadata.get(of) ?? new Map()).set(key, value)),
  getOwnMetadata: (key: unknown, of: object) => metadata.get(of)?.get(key),
  getOwnMetadataKeys: (of: object) => [...(metadata.get(of)?.keys() ?? [])],
});
const meta = Reflect as unknown as { defineMetadata(k: unknown, v: unknown, of: object): void; getOwnMetadata(k: unknown, of: object): unknown };

const Cron = (expression: string): MethodDecorator => (_target, _key, descriptor: PropertyDescriptor) => {
  meta.defineMetadata('cron', expression, descriptor.value);
};
const Traced = (): MethodDecorator => (_target, _key, descriptor: PropertyDescriptor) => {
  const method = descriptor.value;
  descriptor.value = async function (this: unknown, ...args: unknown[]) {
    return 'traced ' + (await method.apply(this, args));
  };
};

export class Visits {
  constructor(readonly locker: { current(): { job: string | undefined } | undefined }, readonly name: string) {}

  @Cron('* * * * *')
  @Locked('visits')
  async above(): Promise<string> {
    return this.name + ' as ' + this.locker.current()?.job;
  }

  @Locked('visits')
  @Cron('0 * * * *')
  async below(extra: string): Promise<string> {
    return this.name + extra;
  }

  @Traced()
  @Locked((account: string) => 'events/' + account)
  async wrapped(account: string): Promise<string> {
    return account;
  }

  @Locked('visits', { onBusy: 'skip' })
  @Traced()
  async perhaps(): Promise<string | undefined> {
    return 'ran';
  }
}
export const cronOf = (method: object): unknown => meta.getOwnMetadata('cron', method);
`;

interface Visits {
  above(): Promise<string>;
  below(extra: string): Promise<string>;
  wrapped(account: string): Promise<string>;
  perhaps(): Promise<string | undefined>;
}

/** The service as a compiler with \`experimentalDecorators\` leaves it. */
function legacy(): { Visits: new (locker: ResourceLocker, name: string) => Visits; cronOf(method: object): unknown } {
  const { outputText } = ts.transpileModule(service, {
    compilerOptions: {
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
    },
  });
  const exports = {};
  new Function('require', 'exports', outputText)(() => decorators, exports);
  return exports as ReturnType<typeof legacy>;
}

describe('@Locked under experimentalDecorators', () => {
  const { Visits, cronOf } = legacy();
  const backend = memoryStore();
  const locker = createLocker({ store: backend });
  const visits = new Visits(locker, 'v');

  test("a framework's metadata is on the method, whichever decorator stands above", async () => {
    expect(cronOf(visits.above)).toBe('* * * * *');
    expect(cronOf(visits.below)).toBe('0 * * * *');
    expect(visits.below.name).toBe('below');
    expect(await visits.above()).toBe('v as Visits.above');
    expect(await visits.below('!')).toBe('v!');
  });

  test('a decorator that wraps works above and below', async () => {
    const other = createLocker({ store: backend.connect() });
    expect(await visits.wrapped('acme')).toBe('traced acme');
    expect(await visits.perhaps()).toBe('traced ran');
    await other.lock('visits', { job: 'backfill' });
    await expect(visits.above()).rejects.toMatchObject({ name: 'ResourceBusyError', holders: [{ job: 'backfill' }] });
    expect(await visits.perhaps()).toBeUndefined();
  });
});

describe('the types of @Locked', () => {
  const right =
    "@Locked('a') async one() { return 1; }\n@Locked('a', { onBusy: 'skip' }) async two(): Promise<number | undefined> { return 2; }\n@Locked((a: string) => a) async three(a: string, b: number) { return a + b; }";
  const wrong =
    "@Locked('a', { onBusy: 'skip' }) async one(): Promise<number> { return 1; }\n@Locked((a: string) => a) async two(a: number) { return a; }\n@Locked('a') three() { return 3; }";
  const classOf = (members: string): string => `import { Locked } from 'giveway/decorators';\nexport class Service {\n${members}\n}\n`;

  test.each([
    ['standard', false],
    ['legacy', true],
  ])(
    "%s decorators: 'skip' asks for a result that may be undefined, a scope function for its arguments",
    (_mode, experimentalDecorators) => {
      const files = {
        'right.ts': classOf(right),
        'wrong.ts': classOf(wrong),
        ...(experimentalDecorators ? { 'service.ts': service } : {}),
      };
      const places = problemsOf(files, { experimentalDecorators }).map((problem) => problem.split(' ')[0]);
      expect([...new Set(places)]).toEqual(['wrong.ts:3', 'wrong.ts:4', 'wrong.ts:5']);
    },
    60_000,
  );
});
