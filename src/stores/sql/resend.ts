/**
 * What a failed statement means for the one who sent it.
 * - `lost`: the connection broke, and the statement may have been done; or it is of no use any more, and another may be.
 * - `conflict`: rolled back in favour of another transaction; it may be sent again.
 * - `no-table`: refused, since the lock table is not there.
 * - `refused`: refused for another reason. Nothing was done.
 */
export type Failure = 'lost' | 'conflict' | 'no-table' | 'refused';

/** How far an operation has come. */
export interface Progress {
  readonly stage: 'connecting' | 'asking';
  /** Its time is up. */
  readonly isOver: boolean;
}

/** Both connections of a pool may have broken since they were last used. A third loss is no history. */
const mostLosses = 3;

/**
 * Sends a statement that can be sent twice: the second finds the version changed, and does nothing. `isRepeated`: an earlier send was not
 * answered, and may have been done. `makeTable` is called once for a table that is missing; without it, that is an error.
 */
export async function sendUntilAnswered<T>(
  operation: Progress,
  send: (isRepeated: boolean) => Promise<T>,
  failureOf: (error: unknown) => Failure,
  makeTable?: () => Promise<unknown>,
): Promise<T> {
  let losses = 0;
  let madeTable = false;
  for (;;) {
    try {
      return await send(losses > 0);
    } catch (error) {
      if (operation.isOver || operation.stage === 'connecting') throw error;
      const failure = failureOf(error);
      if (failure === 'refused') throw error;
      if (failure === 'lost' && ++losses === mostLosses) throw error;
      if (failure === 'no-table') {
        if (makeTable === undefined || madeTable) throw error;
        await makeTable();
        madeTable = true;
      }
    }
  }
}
