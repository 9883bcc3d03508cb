import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('RESULTS.md', import.meta.url));

/** What the figures were measured on. The load average says who else was at work. */
export function machine(): string {
  const postgres = /\d+(\.\d+)*/.exec(versionOf('postgres'))?.[0] ?? 'unknown';
  const memcached = /\d+(\.\d+)*/.exec(versionOf('memcached'))?.[0] ?? 'unknown';
  return `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC. ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.version}, PostgreSQL ${postgres} (fsync off), memcached ${memcached}. Load average at the start: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(
      ', ',
    )}.${(loadavg()[0] ?? 0) > cpus().length ? ' **Other work kept this machine busy: take the figures as a look, not as a measurement.**' : ''}`;
}

function versionOf(program: string): string {
  try {
    return execFileSync(
      'sh',
      ['-c', `PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)" ${program} --version || true`],
      { encoding: 'utf8' },
    );
  } catch {
    return '';
  }
}

/** Puts `text` under `## heading` of the results page, in the place of what stood there. */
export function writeSection(heading: string, text: string): void {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '# Results\n\nWritten by the benchmarks themselves.\n';
  const section = `## ${heading}\n\n${text.trim()}\n`;
  const sections = page.split(/^(?=## )/m);
  const at = sections.findIndex((each) => each.startsWith(`## ${heading}\n`));
  if (at >= 0) sections[at] = at === sections.length - 1 ? section : `${section}\n`;
  else sections.push(sections.at(-1)?.endsWith('\n\n') ? section : `\n${section}`);
  writeFileSync(file, sections.join(''));
}
