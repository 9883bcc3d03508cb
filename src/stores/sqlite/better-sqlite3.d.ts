/** The package has no types of its own. This is the part that giveway uses. */
declare module 'better-sqlite3' {
  import type { Connection } from './driver.ts';

  const Database: new (file: string) => Connection;
  export default Database;
}
