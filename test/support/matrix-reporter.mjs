// Prints what each store passes: one row per behaviour of `storeSuite`, one column per store.
// Used by `npm run test:stores`.

const mark = { passed: '✓', failed: '✗' };

/** A jest reporter that reads the titles `store suite: STORE › … › [ID] behaviour`. */
export default class MatrixReporter {
  onRunComplete(_contexts, { testResults }) {
    const stores = new Set();
    const behaviours = new Map();
    for (const { ancestorTitles, title, status } of testResults.flatMap((file) => file.testResults)) {
      const store = ancestorTitles.find((ancestor) => ancestor.startsWith('store suite: '))?.slice('store suite: '.length);
      if (store === undefined) continue;
      stores.add(store);
      const [behaviour] = title.split(' (not here:');
      behaviours.set(behaviour, { ...behaviours.get(behaviour), [store]: mark[status] ?? '–' });
    }
    if (stores.size === 0) return;
    const columns = [...stores].sort();
    console.log('\nWhat each store passes (✓ yes, ✗ no, – the backend cannot have it)\n');
    for (const [index, store] of columns.entries()) console.log(`${'│  '.repeat(index)}${store}`);
    console.log('│  '.repeat(columns.length));
    for (const [behaviour, results] of [...behaviours].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))) {
      console.log(columns.map((store) => `${results[store] ?? ' '}  `).join('') + behaviour);
    }
    console.log();
  }
}
