// npm leaves out of the lockfile what the registry at hand does not carry, such as a binary for another platform, and
// `npm ci` then refuses the lockfile as out of sync. This adds those entries: version, os and cpu are all that npm needs
// to skip them here and to fetch them elsewhere.
import { readFileSync, writeFileSync } from 'node:fs';

const file = 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8'));
const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    if (lock.packages[path] !== undefined) continue;
    const words = name.split(/[/-]/);
    const os = systems.filter((system) => words.includes(system));
    const cpu = processors.filter((processor) => words.includes(processor));
    if (cpu.length === 0 || !/^\d+\.\d+\.\d+$/.test(version))
      throw new Error(`${name}@${version} is not in the lockfile, and is no platform package`);
    const libc = words.includes('musl') ? { libc: ['musl'] } : {};
    lock.packages[path] = { version, cpu, dev: parent.dev, ...libc, optional: true, ...(os.length > 0 && { os }) };
  }
}

const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
