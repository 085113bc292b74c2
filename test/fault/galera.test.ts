import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it, onTestFinished} from 'vitest';
import {cli, startServer, type RunningServer} from '../helpers/programs/cli.js';
import {startGalera} from '../helpers/databases/galera-cluster.js';
import {startLoad, untilGiven, type Load} from '../helpers/network/load.js';
import {needs} from '../helpers/run/needs.js';
import {password, type PrivateServer} from '../helpers/databases/private-server.js';
import {flaws} from '../helpers/ranges.js';
import {startProxy, type TcpProxy} from '../helpers/network/tcp-proxy.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';

/** A long run raises this. */
const KILLS = Number(process.env['UNIQUEID_TEST_GALERA_KILLS'] ?? 1);
const isLong = process.env['UNIQUEID_TEST_GALERA_KILLS'] !== undefined;

const NODES = 3;
const CLIENTS_A_SERVER = 16;
/** Enough for a batch that one statement serves, rather than one statement per mode. */
const modes = ['file', 'upload_job', ...Array.from({length: 14}, (_, index) => `instrument${index + 1}`)];

/** A server that reaches its node through a proxy, as through a load balancer with failover. */
interface Member {
  readonly node: PrivateServer;
  readonly proxy: TcpProxy;
  readonly server: RunningServer;
}

async function startMembers(): Promise<Member[]> {
  const nodes = await startGalera(NODES);
  onTestFinished(async () => {
    for (const node of nodes) await node.remove();
  });
  const cwd = makeWorkspace();
  const members: Member[] = [];
  for (const node of nodes) {
    const proxy = await startProxy(node.port);
    const url = `mysql://tester:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}/mysql`;
    const options = {cwd, env: {PEEWEE_URL: url, UNIQUEID_REQUEST_TIMEOUT: '3'}};
    if (members.length === 0) expect((await cli(['dbsync'], options)).status).toBe(0);
    members.push({node, proxy, server: await startServer([], options)});
  }
  return members;
}

/** Prints the requests per second through all nodes, and through one. */
async function compareRates(members: readonly Member[], load: Load): Promise<void> {
  const count = (): number => [...load.given.values()].reduce((sum, ranges) => sum + ranges.length, 0);
  const rate = async (): Promise<number> => {
    const before = count();
    await sleep(3000);
    return Math.round((count() - before) / 3);
  };
  const apart = await rate();
  for (const {proxy} of members) proxy.sendTo(members[0]?.node.port ?? 0);
  await untilGiven(load);
  process.stdout.write(`${apart} requests/s through three nodes, ${await rate()} through one\n`);
}

needs('galera').describe('a MariaDB Galera cluster of three nodes', () => {
  it('that are all written and killed in turn issues no integer twice, and service continues', async () => {
    const members = await startMembers();
    const servers = members.map(({server}) => server);
    let goOn = true;
    const load = startLoad(servers, {modes, clientsAServer: CLIENTS_A_SERVER, goOn: () => goOn});
    const recoveries: number[] = [];
    await untilGiven(load);
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(500);
      const [victim, other] = [members[kill % NODES], members[(kill + 1) % NODES]];
      if (victim === undefined || other === undefined) throw new Error('there is no such node');
      await victim.node.kill();
      victim.proxy.sendTo(other.node.port);
      // Every server continues, that of the killed node on another node.
      recoveries.push(await untilGiven(load));
      await victim.node.restart();
      victim.proxy.sendTo(victim.node.port);
      await untilGiven(load);
    }
    if (isLong) await compareRates(members, load);
    // One node of three is no majority: it issues nothing more, and its server answers 503.
    const rejected = load.refused;
    await Promise.all(members.slice(1).map(({node}) => node.kill()));
    for (const {proxy} of members) proxy.sendTo(members[0]?.node.port ?? 0);
    while (load.refused === rejected) await Promise.race([sleep(5), load.finished]);
    goOn = false;
    await load.finished;
    for (const mode of modes) {
      const given = load.given.get(mode) ?? [];
      expect(given.length).toBeGreaterThan(10);
      expect(flaws(given).overlaps).toEqual([]);
    }
    // The cluster drops a dead node after 2 seconds; 30 detect a service that never recovers.
    expect(Math.max(...recoveries)).toBeLessThan(30_000);
    if (isLong)
      process.stdout.write(
        `${KILLS} nodes killed: service back after ${Math.round(Math.max(...recoveries))} ms at most, ${rejected} requests rejected\n`,
      );
  }, 600_000);
});
