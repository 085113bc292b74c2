import {setTimeout as sleep} from 'node:timers/promises';
import {createConnection} from 'mysql2/promise';
import {expect, it, onTestFinished} from 'vitest';
import {UniqueIDError} from '../../src/lib/core/errors.js';
import {migrate} from '../../src/lib/store/schema/migrate.js';
import type {Store} from '../../src/lib/store/store.js';
import {claim} from '../helpers/databases/claims.js';
import {startGalera} from '../helpers/databases/galera-cluster.js';
import {needs} from '../helpers/run/needs.js';
import {openForTest} from '../helpers/databases/network-database.js';
import {password, type PrivateServer} from '../helpers/databases/private-server.js';
import {flaws, type Given} from '../helpers/ranges.js';
import {startProxy} from '../helpers/network/tcp-proxy.js';

/** About one collision in 300 is an unreported abort: with this many, duplicates would certainly appear. */
const COLLISIONS = 1200;
const LOOPS_PER_NODE = 4;

const modes = Array.from({length: 12}, (_, index) => `mode${index + 10}`);
const claimsOf = (some: readonly string[]) => some.map((mode) => claim(mode, 3n));

async function startNodes(count: number): Promise<PrivateServer[]> {
  const nodes = await startGalera(count);
  onTestFinished(async () => {
    for (const node of nodes) await node.remove();
  });
  return nodes;
}

const openAt = (port: number): Promise<Store> =>
  openForTest(`mysql://tester:${encodeURIComponent(password)}@127.0.0.1:${port}/mysql`);

/** Removes the transaction from a text, like an unreported abort; the length stays the same. */
function withoutTransaction(sent: Buffer): Buffer {
  return Buffer.from(sent.toString('latin1').replace('START TRANSACTION;', 'DO 1             ;'), 'latin1');
}

needs('galera').describe('MariaDB Galera Cluster', () => {
  it('answers of a transaction that a node has silently aborted are rejected', async () => {
    const [node] = await startNodes(1);
    const port = node?.port ?? 0;
    const direct = await openAt(port);
    await migrate(direct);
    await direct.advance(claimsOf(modes), 0n);
    let aborts = false;
    const proxy = await startProxy(port, (sent) => (aborts ? withoutTransaction(sent) : sent));
    const store = await openAt(proxy.port);
    for (const some of [['mode10'], modes.slice(0, 3), modes]) {
      await store.advance(claimsOf(some), 0n);
      aborts = true;
      await expect(store.advance(claimsOf(some), 0n)).rejects.toMatchObject({
        code: 'DATABASE_BUSY',
        transient: true,
      });
      aborts = false;
    }
    const before = await direct.counters();
    aborts = true;
    await expect(store.moveCounters([{mode: 'mode11', from: 9n, to: 1n}])).rejects.toMatchObject({
      code: 'DATABASE_BUSY',
    });
    await expect(store.raiseCounters([{mode: 'mode11', next: 1000n}], true)).rejects.toMatchObject({
      code: 'DATABASE_BUSY',
    });
    expect(await direct.counters()).toEqual(before);
  }, 120_000);

  it('a node that lags reads counters and lineage only after the commits of the others', async () => {
    const [node, late] = await startNodes(2);
    const store = await openAt(node?.port ?? 0);
    await migrate(store);
    await store.advance([claim('file', 10n)], 0n);
    const lagging = await openAt(late?.port ?? 0);
    expect(await lagging.readCounters(['file'])).toEqual([{mode: 'file', next: 10n}]);

    // The lock keeps the node from applying anything; without the first statement it would slow the other.
    const session = await createConnection({
      port: late?.port ?? 0,
      host: '127.0.0.1',
      user: 'tester',
      password,
    });
    onTestFinished(() => {
      session.destroy();
    });
    await session.query('SET GLOBAL wsrep_desync = ON');
    await session.query('FLUSH TABLES WITH READ LOCK');
    await store.advance([claim('file', 10n)], 0n);
    await store.moveCounters([{mode: 'file', from: 20n, to: 15n}]);
    const answers = Promise.all([lagging.readCounters(['file']), lagging.lineage()]);
    await Promise.race([answers, sleep(500)]);
    await session.query('UNLOCK TABLES');
    expect(await answers).toEqual([[{mode: 'file', next: 15n}], await store.lineage()]);
  }, 120_000);

  it('colliding nodes never answer with uncommitted integers', async () => {
    const nodes = await startNodes(3);
    const stores = await Promise.all(nodes.map(({port}) => openAt(port)));
    const [first] = stores;
    if (first === undefined) throw new Error('no node was started');
    await migrate(first);
    const given = new Map(modes.map((mode) => [mode, [] as Given[]]));
    let collisions = 0;
    const loop = async (store: Store, from: number): Promise<void> => {
      for (let turn = from; collisions < COLLISIONS; turn++) {
        const some = modes.slice(turn % 4, (turn % 4) + 1 + (turn % 9));
        try {
          const advances = await store.advance(claimsOf(some), 0n);
          for (const [index, advance] of advances.entries())
            if (advance.kind === 'granted')
              given.get(some[index] ?? '')?.push({start: advance.next - 3n, end: advance.next - 1n});
        } catch (error) {
          if (!(error instanceof UniqueIDError) || error.code !== 'DATABASE_BUSY') throw error;
          collisions++;
        }
      }
    };
    await Promise.all(
      stores.flatMap((store) => Array.from({length: LOOPS_PER_NODE}, (_, from) => loop(store, from * 5))),
    );
    for (const mode of modes) expect(flaws(given.get(mode) ?? []).overlaps).toEqual([]);
  }, 600_000);
});
