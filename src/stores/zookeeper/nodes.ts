import { StoreUnavailableError } from '../../lock/errors.ts';
import { promised, type ZookeeperClient, type ZookeeperStat, type ZookeeperTransaction } from './client.ts';
import { saysChanged, saysNodeExists, saysNoNode } from './failures.ts';
import { decodeNode, type Stored } from './node.ts';
import type { Ask } from './requests.ts';

/** Which state of which node a conditional write is about. */
interface At {
  readonly path: string;
  readonly life: string | undefined;
  readonly dataVersion: number;
}

/** What a conditional write came to. */
interface Outcome {
  readonly isDone: boolean;
  /** After a write that was done, and was no removal. */
  readonly stat: ZookeeperStat | undefined;
  readonly isRepeated: boolean;
}

/**
 * The transactions on an entry. Versions of a node begin anew when it is made anew, so each life of an entry is told from
 * the next by a child with a random name, and every condition names both.
 */
export interface Nodes {
  create(ask: Ask, path: string, life: string, data: Buffer): Promise<Outcome>;
  replace(ask: Ask, at: At, data: Buffer): Promise<Outcome>;
  remove(ask: Ask, at: At): Promise<Outcome>;
  /** What is at each path. `undefined`: the root was never made. */
  look(ask: Ask, paths: readonly string[]): Promise<readonly (Stored | undefined)[] | undefined>;
  names(ask: Ask): Promise<readonly string[]>;
  makeRoot(ask: Ask): Promise<void>;
}

export function nodesUnder(root: string, acls: readonly object[] | undefined): Nodes {
  const nothing = Buffer.alloc(0);

  async function conditional(ask: Ask, build: (client: ZookeeperClient) => ZookeeperTransaction): Promise<Outcome> {
    const { reply, isRepeated } = await ask(async (client) => {
      try {
        const [results = []] = await promised<[(readonly { readonly stat?: ZookeeperStat }[])?]>((callback) =>
          build(client).commit(callback),
        );
        return { isDone: true, stat: results.find(({ stat }) => stat !== undefined)?.stat };
      } catch (error) {
        if (saysChanged(error)) return { isDone: false, stat: undefined };
        throw error;
      }
    });
    return { ...reply, isRepeated };
  }

  return {
    // An answer to `create` says neither when nor under which number; that to `setData` does.
    async create(ask, path, life, data) {
      refuseTooLarge(data);
      return conditional(ask, (client) =>
        client.transaction().create(path, nothing, acls).create(`${path}/${life}`, nothing, acls).setData(path, data),
      );
    },

    async replace(ask, { path, life, dataVersion }, data) {
      refuseTooLarge(data);
      return conditional(ask, (client) => client.transaction().check(`${path}/${life}`).setData(path, data, dataVersion));
    },

    remove: (ask, { path, life, dataVersion }) =>
      conditional(ask, (client) => {
        const transaction = client.transaction();
        return (life === undefined ? transaction : transaction.remove(`${path}/${life}`)).remove(path, dataVersion);
      }),

    // The write comes first: its stamp is the time, and a follower that has seen it has seen all before it.
    async look(ask, paths) {
      const { reply } = await ask(async (client) => {
        const stamp = promised<[ZookeeperStat?]>((callback) => client.setData(root, nothing, -1, callback));
        const reads = paths.map((path) => ifThere(promised<[Buffer?, ZookeeperStat?]>((callback) => client.getData(path, callback))));
        return Promise.all([ifThere(stamp), Promise.all(reads)]);
      });
      const [stamp, reads] = reply;
      const [now] = stamp ?? [];
      return (
        now &&
        reads.map((read) => {
          const [data, stat] = read ?? [];
          return stat && decodeNode(data, stat, now);
        })
      );
    },

    async names(ask) {
      const { reply } = await ask((client) => ifThere(promised<[(readonly string[])?]>((callback) => client.getChildren(root, callback))));
      return reply?.[0] ?? [];
    },

    async makeRoot(ask) {
      const parts = root.split('/').slice(1);
      for (const [index] of parts.entries()) {
        const path = `/${parts.slice(0, index + 1).join('/')}`;
        await ask((client) => promised<[]>((callback) => client.create(path, acls, callback))).catch((error: unknown) => {
          if (!saysNodeExists(error)) throw error;
        });
      }
    },
  };
}

/** Of the 1 048 575 bytes of `jute.maxbuffer` in a server as it comes, less what stands around the data. */
const mostBytes = 1_000_000;

/** A server would break the connection of everybody who shares it, and say nothing. */
function refuseTooLarge({ length }: Buffer): void {
  if (length <= mostBytes) return;
  throw new StoreUnavailableError(
    `ZooKeeper takes no record so large (${length} bytes; ${mostBytes} are allowed): let fewer share one name, or make the value shorter`,
    { code: 'ERR_GIVEWAY_STORE_KEY' },
  );
}

async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (saysNoNode(error)) return undefined;
    throw error;
  }
}
