// Adds up jest's reports and prints the closing line. Usage: node count.mjs FAILED_STEPS REPORT…
// A step that failed without a failed test (the compiler, a linter, a suite that would not load) counts as one failure.
import { readFileSync } from 'node:fs';

const [failedSteps, ...files] = process.argv.slice(2);
const reports = files.flatMap((file) => {
  try {
    return [JSON.parse(readFileSync(file, 'utf8'))];
  } catch {
    return []; // jest did not get as far as a report: its step has failed
  }
});
const total = (field) => reports.reduce((sum, report) => sum + report[field], 0);

const failed = Math.max(total('numFailedTests') + total('numRuntimeErrorTestSuites'), Number(failedSteps));
const passed = total('numPassedTests');
const skipped = total('numPendingTests');
for (const { testResults } of reports) {
  for (const { assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults) if (status === 'failed') console.log(`failed: ${fullName}`);
  }
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
