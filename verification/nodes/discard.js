// Runs with --expose-gc in a folder where the package is installed. Opens, uses and discards stores, on this
// thread and on another, and forces garbage collections before and after each is closed.
// Run as: node --expose-gc discard.js STORES
import {Allocator, openStore, parseDatabaseUrl} from 'uniqueid';

const stores = Number(process.argv[2]);
let collections = 0;

function collect() {
  globalThis.gc();
  collections++;
}

for (let number = 0; number < stores; number++) {
  // Starting a thread takes longer than all else.
  const store = await openStore(parseDatabaseUrl('sqlite:///db.sqlite3'), {offThread: number % 10 === 0});
  const allocator = new Allocator(store, {firstIndex: 0n, requestTimeoutMs: 10_000, maxQueue: 10});
  const {start} = await allocator.allocate('discard', 1n);
  if (start !== BigInt(number)) throw new Error(`allocated ${start} instead of ${number}`);
  collect();
  await store.close();
  collect();
}
process.stdout.write(`${collections}\n`);
