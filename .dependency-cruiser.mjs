/** Who may import whom, besides itself. Each row names only rows above it, so there can be no circle. */
const mayImport = {
  lock: [],
  stores: ['lock'],
  conflicts: ['lock'],
  warehouse: ['lock', 'conflicts', 'stores'],
  advise: ['lock', 'warehouse'],
  jobs: ['lock'],
  leases: ['lock'],
  observe: ['lock'],
  testing: ['lock'],
  forecast: ['lock', 'jobs', 'observe'],
  config: ['lock', 'stores', 'observe', 'jobs', 'forecast'],
  nestjs: ['lock', 'jobs', 'config'],
  dashboard: ['lock', 'observe', 'config'],
  cli: ['lock', 'stores', 'warehouse', 'advise', 'jobs', 'leases', 'observe', 'testing', 'forecast', 'config', 'dashboard'],
};

/** The same for the rooms of src/lock; the files that stand in none are the bottom, which all may import. */
const roomMayImport = {
  record: [],
  machine: ['record'],
  shell: ['machine', 'record'],
  plan: ['record'],
  api: ['plan', 'shell', 'machine', 'record'],
};

const backends = ['memory', 'memcached', 'postgres', 'mysql', 'redis', 'sqlite', 'dynamodb', 'momento', 'etcd', 'zookeeper'].join('|');

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(mayImport).map(([folder, others]) => ({
      name: `${folder}-imports`,
      comment: `src/${folder} may import ${others.length > 0 ? `src/${others.join(', src/')} and ` : ''}itself`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: '^src/', pathNot: `^src/(${[folder, ...others].join('|')})/` },
    })),
    ...Object.entries(roomMayImport).map(([room, others]) => ({
      name: `lock-${room}-imports`,
      comment: `src/lock/${room} may import ${others.map((other) => `${other}, `).join('')}the bottom and itself`,
      severity: 'error',
      from: { path: `^src/lock/${room}/` },
      to: { path: '^src/lock/[^/]+/', pathNot: `^src/lock/(${[room, ...others].join('|')})/` },
    })),
    {
      name: 'lock-bottom-imports',
      comment: 'what all rooms may import knows none of them',
      severity: 'error',
      from: { path: '^src/lock/[^/]+$' },
      to: { path: '^src/lock/[^/]+/' },
    },
    {
      name: 'lock-rooms-are-listed',
      comment: 'a new room of src/lock needs a line above that says what it may import',
      severity: 'error',
      from: { path: '^src/lock/[^/]+/', pathNot: `^src/lock/(${Object.keys(roomMayImport).join('|')})/` },
      to: {},
    },
    {
      name: 'machine-is-the-locks',
      comment: 'outside src/lock nobody knows the machine or what runs it; its timers are of use to others too',
      severity: 'error',
      from: { pathNot: '^src/lock/' },
      to: { path: '^src/lock/(machine|shell)/', pathNot: '^src/lock/shell/alarms\\.ts$' },
    },
    {
      name: 'package-root',
      comment: 'src/index.ts hands out src/lock, and nothing that would load a backend',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { pathNot: '^src/lock/' },
    },
    {
      name: 'lock-is-alone',
      comment: 'src/lock stands on Node alone',
      severity: 'error',
      from: { path: '^src/lock/' },
      to: { pathNot: '^src/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'one-backend-each',
      comment: 'a store knows its own backend only',
      severity: 'error',
      from: { path: `^src/stores/(${backends})(/|\\.ts$)` },
      to: { path: `^src/stores/(${backends})(/|\\.ts$)`, pathNot: '^src/stores/$1(/|\\.ts$)' },
    },
    {
      name: 'dashboard-types-of-lock',
      comment:
        'the dashboard reads what config and observe give it; of src/lock it knows types, errors, and how to print, spell and remove what is in a record',
      severity: 'error',
      from: { path: '^src/dashboard/' },
      to: {
        path: '^src/lock/',
        pathNot: '^src/lock/(errors|nearest|holder|plan/names|record/keys|api/removal)\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'warehouse-borrows',
      comment: 'src/warehouse knows no store; of the one in Postgres it has how a connection is borrowed from a pool',
      severity: 'error',
      from: { path: '^src/warehouse/' },
      to: { path: '^src/stores/', pathNot: '^src/stores/postgres/loan\\.ts$' },
    },
    {
      name: 'advise-reads-sql',
      comment: 'src/advise reads statements, and runs none: of src/warehouse it knows the pure part',
      severity: 'error',
      from: { path: '^src/advise/' },
      to: { path: '^src/warehouse/', pathNot: '^src/warehouse/sql/' },
    },
    {
      name: 'no-circle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'shipped-dependencies-only',
      comment: 'what src imports is a dependency, a peer or bundled (tsdown.config.ts), else users do not have it',
      severity: 'error',
      from: { path: '^src/' },
      to: { pathNot: '^(src|node_modules/(zod|lilconfig|commander))/', dependencyTypesNot: ['core', 'npm', 'npm-peer'] },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
