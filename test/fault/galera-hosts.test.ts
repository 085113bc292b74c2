import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it, onTestFinished} from 'vitest';
import {startGalera} from '../helpers/databases/galera-cluster.js';
import {clerkUrl, createClerk, freeze, onMariadb} from '../helpers/databases/mariadb-replica.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';
import {untilHealthIs} from '../helpers/network/health.js';
import {startLoad, untilGiven} from '../helpers/network/load.js';
import {cli, startServer} from '../helpers/programs/cli.js';
import {failureOf} from '../helpers/programs/screens.js';
import {flaws} from '../helpers/ranges.js';
import {needs} from '../helpers/run/needs.js';

/** Prints how long the servers were without service. */
const isMeasured = process.env['UNIQUEID_TEST_FAILOVERS'] !== undefined;

const clerkSessions = `SELECT COUNT(*) AS count FROM information_schema.processlist WHERE user = 'clerk'`;

needs('galera').describe('several hosts of a Galera cluster', () => {
  it('serve from the next synced node, and name each node that is cut off or not synced', async () => {
    const nodes = await startGalera(3);
    for (const node of nodes) onTestFinished(() => node.remove());
    const [first, second, third] = nodes;
    if (first === undefined || second === undefined || third === undefined) throw new Error('no cluster');
    await createClerk(first);
    const url = clerkUrl(...nodes.map(({port}) => port));
    const options = {cwd: makeWorkspace(), env: {PEEWEE_URL: url}};
    const usesOf = async (node: typeof first): Promise<number> =>
      Number((await onMariadb(node, clerkSessions))[0]?.['count']);

    // A desynced node is skipped.
    await onMariadb(first, 'SET GLOBAL wsrep_desync = ON');
    const servers = [await startServer(['--sync'], options), await startServer([], options)];
    let goOn = true;
    const load = startLoad(servers, {modes: ['file'], clientsAServer: 4, goOn: () => goOn});
    await untilGiven(load);
    expect(await usesOf(first)).toBe(0);
    expect(await usesOf(second)).toBeGreaterThan(0);
    await onMariadb(first, 'SET GLOBAL wsrep_desync = OFF');

    freeze(second);
    const recovery = await untilGiven(load);
    if (isMeasured)
      process.stdout.write(`a frozen Galera node: service back after ${Math.round(recovery)} ms\n`);
    await sleep(500);
    goOn = false;
    await load.finished;
    expect(flaws(load.given.get('file') ?? []).overlaps).toEqual([]);
    for (const server of servers) await untilHealthIs(server.url, 200);

    // One node of three is no majority.
    await third.kill();
    await second.kill();
    for (const server of servers) await untilHealthIs(server.url, 503);
    const env = {...options.env, DATABASE_CONNECT_ATTEMPTS: '1'};
    const finished = await cli(['getid', '-m', 'file', '--json'], {...options, env});
    expect(finished.status).toBe(4);
    expect(failureOf(finished).code).toBe('DATABASE_UNAVAILABLE');
    for (const {port} of nodes) expect(failureOf(finished).message).toContain(`127.0.0.1:${port}`);
  }, 300_000);
});
