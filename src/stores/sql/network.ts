import type { Progress } from './resend.ts';

/** What follows the server's name, of an error that the server did not send. */
export function sentenceOfNetwork(error: unknown, stage: Progress['stage']): string {
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return 'refuses connections: is it running, and is this the right port?';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'cannot be found: the name of the host does not resolve';
    default:
      return stage === 'connecting' ? `cannot be reached: ${messageOf(error)}` : `broke the connection: ${messageOf(error)}`;
  }
}

export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

export function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' ? message : String(error);
}
