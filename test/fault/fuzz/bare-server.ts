// The service by node:http alone, without the reader of plain requests in front of it.
import {resolveConfig} from '../../../src/lib/config/resolve.js';
import {baseUrl, boundAddress, listen} from '../../../src/lib/server/http/listen.js';
import {compose} from '../../../src/lib/server/compose.js';
import {openStore} from '../../../src/lib/store/open.js';

const {settings} = resolveConfig({flags: {}, env: process.env});
const store = await openStore(settings.databaseUrl, {
  answerTimeoutMs: settings.requestTimeoutMs,
  offThread: true,
});
const api = compose(settings, store, {failure: () => undefined});
const server = await listen(api.listener, {...settings, port: 0});
api.setAddress(boundAddress(server));
process.stderr.write(`answers at ${baseUrl(server)}/getid\n`);
