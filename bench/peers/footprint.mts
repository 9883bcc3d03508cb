import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './statistics.mts';

/** Milliseconds that importing `giveway` and its memcached store adds to a bare start of Node; `rounds` of each, in turns. */
export function importMs(rounds: number): number[] {
  const time = (code: string): number => {
    const startMs = performance.now();
    execFileSync(process.execPath, ['--input-type=module', '-e', code]);
    return performance.now() - startMs;
  };
  const url = (name: string): string => new URL(`../../dist/${name}.mjs`, import.meta.url).href;
  const ours = `import '${url('index')}'; import '${url('memcached')}';`;
  return Array.from({ length: rounds }, () => {
    const bare = median([time(''), time(''), time('')]);
    return median([time(ours), time(ours), time(ours)]) - bare;
  });
}

/** Bytes of the packed tarball, packed and unpacked. */
export function packageSize(): { readonly packed: number; readonly unpacked: number } {
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [pack] = JSON.parse(printed.toString()) as [{ size: number; unpackedSize: number }];
  return { packed: pack.size, unpacked: pack.unpackedSize };
}
