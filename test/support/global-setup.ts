import { startBroker } from './broker.ts';
import { install, mayInstall, uninstall } from './install.ts';
import { needs, type ServiceName, serviceNames } from './needs.ts';

declare global {
  var stopServices: (() => Promise<void>) | undefined;
}

/** Once per run: what is missing is installed or reported, and a broker starts servers as test files ask for them. */
export default async function globalSetup(): Promise<void> {
  const missing = serviceNames.filter((name) => !process.env[needs[name].variable] && !needs[name].isInstalled());
  const composed = mayInstall() ? install(missing) : [];
  if (!mayInstall()) {
    reportSkips(missing);
    process.env.GIVEWAY_TEST_MISSING = missing.join(',');
  }
  const broker = await startBroker();
  process.env.GIVEWAY_TEST_BROKER = String(broker.port);
  globalThis.stopServices = async () => {
    await broker.stop();
    uninstall(composed);
  };
}

function reportSkips(missing: readonly ServiceName[]): void {
  if (missing.length === 0) return;
  const variables = missing.map((name) => needs[name].variable).join(', ');
  process.stderr.write(`\nNot found: ${missing.join(', ')}; their tests are skipped. To install them and run everything:

    GIVEWAY_INSTALL=1 npm test

or name running servers in ${variables}.\n\n`);
}
