import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, requireProgram } from '../../support/programs.ts';
import { temporaryDirectory } from '../../support/server-process.ts';

/** Self-signed, so it is its own authority. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certPath: string;
  readonly keyPath: string;
}

/** memcached may be built without TLS, and certificates need openssl. */
export function canSpeakTls(): boolean {
  const memcached = findProgram('memcached');
  if (memcached === undefined || findProgram('openssl') === undefined) return false;
  return execFileSync(memcached, ['-h'], { encoding: 'utf8' }).includes('--enable-ssl');
}

let shared: Certificate | undefined;

/** The one for servers on this machine. */
export function certificate(): Certificate {
  shared ??= makeCertificate('IP:127.0.0.1,DNS:localhost');
  return shared;
}

/** A new one, for `names`; its files go when this process ends. */
export function makeCertificate(names: string): Certificate {
  const directory = temporaryDirectory('tls');
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const [certPath, keyPath] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-days', '2', '-subj', '/CN=giveway test', '-addext', `subjectAltName=${names}`];
  execFileSync(requireProgram('openssl'), ['req', '-x509', ...curve, ...subject, '-out', certPath, '-keyout', keyPath], { stdio: 'pipe' });
  return { cert: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8'), certPath, keyPath };
}

/** What memcached is told to speak TLS. */
export function tlsArgs({ certPath, keyPath }: Certificate): readonly string[] {
  return ['-Z', '-o', `ssl_chain_cert=${certPath},ssl_key=${keyPath}`];
}
