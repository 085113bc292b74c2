// Allocates ranges of random size in sequence, and prints "start end" for each. Tests race several of these.
import {Allocator, openStore, parseDatabaseUrl} from '../../../dist/index.js';

const [path, allocations] = process.argv.slice(2);
const store = await openStore(parseDatabaseUrl(`sqlite:///${path}`));
const allocator = new Allocator(store, {firstIndex: 0n, requestTimeoutMs: 60_000, maxQueue: 10});
for (let done = 0; done < Number(allocations); done++) {
  const {start, end} = await allocator.allocate('file', BigInt(1 + Math.floor(Math.random() * 1000)));
  process.stdout.write(`${start} ${end}\n`);
}
await store.close();
