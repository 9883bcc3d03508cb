/** Codes of Node for a certificate that was never right here. One that has expired was: then the server cannot serve. */
const wrong: ReadonlySet<unknown> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Did TLS fail for a reason that lasts until somebody changes the set-up: authority, name, or that only one side speaks it? */
export function isTlsSetup(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return wrong.has(code) || (typeof code === 'string' && (code === 'EPROTO' || code.startsWith('ERR_SSL')));
}
