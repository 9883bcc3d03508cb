import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { tell } from './tell.js';

/** An application that ends in good order when it is told to. */
export async function startApp(module: Type): Promise<void> {
  const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });
  app.enableShutdownHooks();
  tell('ready');
}
