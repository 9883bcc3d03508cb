import type { ModulesContainer } from '@nestjs/core';
import type { SchedulerRegistry } from '@nestjs/schedule';

/**
 * The registry of the application's `ScheduleModule`, which is found by name: importing its class here would make everybody install
 * `@nestjs/schedule`.
 */
export function schedulerOf(application: ModulesContainer): SchedulerRegistry | undefined {
  const module = [...application.values()].find(({ metatype }) => metatype?.name === 'ScheduleModule');
  const kept = [...(module?.providers.values() ?? [])].find(({ name }) => name === 'SchedulerRegistry');
  return kept?.instance as SchedulerRegistry | undefined;
}
