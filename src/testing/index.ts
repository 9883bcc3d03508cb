/** For tests of stores and of code that uses locks: a clock, a store with faults to order, and the suite every store must pass. */
export { type FakeClock, type FakeClockStart, fakeClock } from './fake-clock.ts';
export { type ArmedFault, type FaultAim, type FaultyStore, faultyStore, type StoreFault, type StoreMethod } from './faulty-store.ts';
export {
  type BehaviourInfo,
  type StoreSuiteOptions,
  storeBehaviours,
  storeSuite,
  type TestFunction,
  type TestRunner,
} from './store-suite.ts';
