// The service with node:http alone, without the fast path.
import {loadConfig} from '../../../src/lib/config/load.js';
import {baseUrl, boundAddress, listen} from '../../../src/lib/server/http/listen.js';
import {compose} from '../../../src/lib/server/compose.js';
import {openStore} from '../../../src/lib/store/open.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';

const {settings} = loadConfig({}, process.env);
const create = process.argv.includes('--sync');
const store = await openStore(settings.databaseUrl, {
  create,
  answerTimeoutMs: settings.requestTimeoutMs,
  offThread: true,
});
if (create) await migrate(store);
const api = compose(settings, store, {failure: () => undefined});
const server = await listen(api.listener, {...settings, port: 0});
api.setAddress(boundAddress(server));
process.stderr.write(`${JSON.stringify({url: baseUrl(server), database: store.location})}\n`);
