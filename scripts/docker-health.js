// The health check of the image: ends with 0 where the service of this container can allocate, else with 1.
import {get as askHttp} from 'node:http';
import {get as askHttps} from 'node:https';

const PATIENCE_MS = 4000;

const {UNIQUEID_PORT: given = ''} = process.env;
const port = /^\d+$/.test(given) ? given : '8051';

/** The status of the answer, or why there is none. */
function ask(get, scheme) {
  return new Promise((resolve) => {
    // The certificate is made for the name that clients know.
    const options = {timeout: PATIENCE_MS, rejectUnauthorized: false, agent: false};
    const request = get(`${scheme}://127.0.0.1:${port}/health`, options, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', (error) => resolve(error.message));
  });
}

const plain = await ask(askHttp, 'http');
// What gives no answer of HTTP may speak TLS.
const outcome = typeof plain === 'number' ? plain : await ask(askHttps, 'https');
process.stdout.write(`${typeof outcome === 'number' ? outcome : plain}\n`);
process.exitCode = outcome === 200 ? 0 : 1;
