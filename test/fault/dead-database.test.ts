import {execFileSync} from 'node:child_process';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect} from 'vitest';
import {cli, recordsOf, startServer, type RunningServer} from '../helpers/programs/cli.js';
import {ask, keepAlive} from '../helpers/network/http.js';
import {makeMysqlDatabase} from '../helpers/databases/mysql-database.js';
import {needs} from '../helpers/run/needs.js';
import {makePostgresDatabase} from '../helpers/databases/postgres-database.js';
import {startProxy, type TcpProxy} from '../helpers/network/tcp-proxy.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

const kinds = [
  {name: 'PostgreSQL', need: 'postgresql', make: makePostgresDatabase},
  {name: 'MariaDB', need: 'mariadb', make: makeMysqlDatabase},
] as const;

/** Starts a server that reaches its database through a proxy. */
async function serveThroughProxy(
  database: {readonly url: string},
  timeoutSeconds: string,
): Promise<{service: RunningServer; proxy: TcpProxy}> {
  const cwd = makeWorkspace();
  const url = new URL(database.url);
  const proxy = await startProxy(Number(url.port));
  url.host = `127.0.0.1:${proxy.port}`;
  const env = {PEEWEE_URL: url.href, UNIQUEID_REQUEST_TIMEOUT: timeoutSeconds};
  expect((await cli(['dbsync'], {cwd, env})).status).toBe(0);
  return {service: await startServer([], {cwd, env}), proxy};
}

describe.each(kinds)('a connection to $name that dies silently', ({need, make}) => {
  needs(need).it.each([
    {when: 'idle', busy: false},
    {when: 'busy with a request', busy: true},
  ])('does not delay the shutdown when it is $when', async ({busy}) => {
    const {service, proxy} = await serveThroughProxy(await make(), '2');
    expect((await ask(service.url, '/getid?mode=file&range=1')).status).toBe(200);
    proxy.hold();
    const answer = busy ? ask(service.url, '/getid?mode=file&range=1') : undefined;
    if (busy) await ask(service.url, '/');
    service.process.kill('SIGTERM');
    expect(await service.finished).toMatchObject({status: 0, signal: null});
    // The announcement, and the start and the end of the shutdown.
    expect(recordsOf(service.stderr(), 'info')).toHaveLength(3);
    if (answer !== undefined) expect((await answer).status).toBe(503);
  });
});

describe.each(kinds)('a server on $name that can open no more files', ({need, make}) => {
  needs(need, 'prlimit').it(
    'survives the loss of its database connections, and opens new ones later',
    async () => {
      const {service, proxy} = await serveThroughProxy(await make(), '1');
      const pid = String(service.process.pid);
      const limit = (count: string): void => {
        execFileSync('prlimit', ['--pid', pid, `--nofile=${count}:`]);
      };
      const agent = keepAlive(1);
      const take = (): ReturnType<typeof ask> => ask(service.url, '/getid?mode=file&range=1', {agent});
      expect((await take()).status).toBe(200);
      limit('8');
      proxy.cut();
      for (let turn = 0; turn < 3; turn++) expect((await take()).status).toBe(503);
      limit('1024');
      while ((await take()).status !== 200) await sleep(50);
      agent.destroy();
      service.process.kill('SIGTERM');
      expect(await service.finished).toMatchObject({status: 0, signal: null});
    },
  );
});
