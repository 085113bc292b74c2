// The health check of the image: exits with 0 if the service of this container can allocate, else with 1.
import {get as askHttp} from 'node:http';
import {get as askHttps} from 'node:https';

const PATIENCE_MS = 4000;

const {UNIQUEID_PORT: given = ''} = process.env;
const port = /^\d+$/.test(given) ? given : '8051';

/** Returns the status of the answer, or the error message if none arrives. */
function ask(get, scheme) {
  return new Promise((resolve) => {
    // The certificate is for the name that clients use, not for this address.
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
// A service that does not answer plain HTTP may use TLS.
const outcome = typeof plain === 'number' ? plain : await ask(askHttps, 'https');
process.stdout.write(`${typeof outcome === 'number' ? outcome : plain}\n`);
process.exitCode = outcome === 200 ? 0 : 1;
