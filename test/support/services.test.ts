import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { findProgram } from './programs.ts';
import { dynaliteServer, memcachedServer, postgresServer, query, redisNode, redisServer } from './services.ts';
import { describeWith } from './shared.ts';

/** Sends one line and resolves with the first answer. */
async function ask(server: { host: string; port: number }, line: string): Promise<string> {
  const socket = connect(server.port, server.host);
  socket.write(`${line}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return String(answer);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describeWith('memcached', () => {
  test('a restart keeps the port and forgets the entries; a stop ends the process', async () => {
    const server = await memcachedServer();
    const { pid, port } = server;
    expect(await ask(server, 'set k 0 0 1\r\nv')).toBe('STORED\r\n');
    await server.restart();
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    expect(await ask(server, 'get k')).toBe('END\r\n');
    await server.stop();
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  test('a paused server is silent until it is resumed', async () => {
    const server = await memcachedServer();
    server.pause();
    const answer = ask(server, 'version');
    expect(await Promise.race([answer, sleep(150, 'silent')])).toBe('silent');
    server.resume();
    expect(await answer).toMatch(/^VERSION/);
    await server.stop();
  });

  test('flags are passed on, and a program that refuses them is reported with its own words', async () => {
    const server = await memcachedServer(['-C']);
    expect(await ask(server, 'stats settings')).toMatch(/cas_enabled no/);
    await server.stop();
    await expect(memcachedServer(['--no-such-flag'])).rejects.toThrow(/no-such-flag/);
  });

  test('a paused server can be stopped', async () => {
    const server = await memcachedServer();
    server.pause();
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });
});

describeWith('redis', () => {
  test('servers and their files go when the process that started them is killed', async () => {
    const program = `import { redisServer } from './test/support/services.ts';
      const server = await redisServer();
      console.log(JSON.stringify({ pid: server.pid, cwd: (await import('node:fs')).readlinkSync('/proc/' + server.pid + '/cwd') }));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { pid, cwd } = JSON.parse(String(line)) as { pid: number; cwd: string };
    expect([isAlive(pid), existsSync(cwd)]).toEqual([true, true]);
    child.kill('SIGKILL');
    await until(() => !isAlive(pid) && !existsSync(cwd));
  });

  test('answers', async () => {
    const server = await redisServer();
    expect(await ask(server, 'ping')).toBe('+PONG\r\n');
    await server.stop();
  });

  test("a node of a cluster asks for no port but its own two: the one ten thousand above may be anybody's", async () => {
    const node = await redisNode();
    expect(await ask(node, 'config get cluster-port')).toContain(`\r\n${node.busPort}\r\n`);
    await node.stop();
  });
});

describeWith('postgres', () => {
  test('a restart keeps the data', async () => {
    const server = await postgresServer();
    await query(server.url, 'create table kept (n int)');
    await server.restart();
    await query(server.url, 'select * from kept');
    await server.stop();
  });
});

describeWith('etcd', (service) => {
  test('answers', async () => {
    expect(await (await fetch(`${service.url}/version`)).text()).toContain('etcdserver');
  });
});

describeWith('zookeeper', (service) => {
  test('answers', async () => {
    const [host = '', port] = service.url.split(':');
    expect(await ask({ host, port: Number(port) }, 'ruok')).toBe('imok');
  });
});

test('dynalite answers', async () => {
  const server = await dynaliteServer();
  expect((await fetch(server.url)).status).toBe(200);
  await server.stop();
});

describe('programs', () => {
  test('are found on the PATH, or not', () => {
    expect(findProgram('sh')).toMatch(/\/sh$/);
    expect(findProgram('no-such-program')).toBeUndefined();
  });
});
