import {describe, expect, it, onTestFinished} from 'vitest';
import {Client} from '../../../src/client.js';
import {readServiceStatus} from '../../../src/lib/client/service-status.js';
import {errorTable, type ErrorCode} from '../../../src/lib/core/errors.js';
import {serving} from '../../helpers/network/listening.js';

function client(...servers: string[]): Client {
  const made = new Client({servers, timeoutMs: 300});
  onTestFinished(() => {
    made.close();
  });
  return made;
}

/** Starts a service that answers everything with this error. */
const failing = (status: number, code?: string): Promise<string> =>
  serving((_, response) => {
    response.writeHead(status, code === undefined ? {} : {'X-Error-Code': code});
    response.end('{"message": "no"}');
  });

const local: readonly ErrorCode[] = [
  'ADDRESS_UNAVAILABLE',
  'CONFIG_INVALID',
  'CLIENT_CLOSED',
  'INTERRUPTED',
  'OUTPUT_FAILED',
  'REMOTE_FAILED',
  'USAGE',
];

describe('the client maps X-Error-Code of an answer', () => {
  const sent = (Object.keys(errorTable) as ErrorCode[]).filter((code) => !local.includes(code));

  it.each(sent)('to %s', async (code) => {
    const {http, exit, transient} = errorTable[code];
    const url = await failing(http, code);
    const expected = {
      code,
      httpStatus: http,
      exitStatus: exit,
      transient: transient === 'varies' ? true : transient,
    };
    await expect(client(url).allocate('file', 1)).rejects.toMatchObject(expected);
    await expect(readServiceStatus(url, {timeoutMs: 300})).rejects.toMatchObject(expected);
  });

  it('and keeps a status that the code does not have', async () => {
    const url = await failing(410, 'COUNTER_EXHAUSTED');
    await expect(client(url).allocate('file', 1)).rejects.toMatchObject({
      code: 'COUNTER_EXHAUSTED',
      httpStatus: 410,
    });
  });

  it.each([undefined, '', 'NEW_CODE', 'toString', '__proto__', 'counter_exhausted', ...local])(
    'but not %s, which no service sends',
    async (code) => {
      const rejected = {code: 'REMOTE_FAILED', httpStatus: 409, exitStatus: 7, transient: false};
      await expect(client(await failing(409, code)).allocate('file', 1)).rejects.toMatchObject(rejected);
      const busy = {code: 'REMOTE_FAILED', httpStatus: 503, exitStatus: 7, transient: true};
      await expect(client(await failing(503, code)).allocate('file', 1)).rejects.toMatchObject(busy);
    },
  );

  it.each([200, 302])('but not that of an answer with status %i, which is no error', async (status) => {
    const url = await failing(status, 'COUNTER_EXHAUSTED');
    await expect(client(url).allocate('file', 1)).rejects.toMatchObject({
      code: 'REMOTE_FAILED',
      httpStatus: 502,
    });
  });

  it('even if a later attempt gets no answer in time', async () => {
    let asked = 0;
    const url = await serving((_, response) => {
      if (++asked > 1) return;
      response.writeHead(503, {'X-Error-Code': 'DATABASE_UNAVAILABLE'}).end();
    });
    const patient = new Client({servers: [url], timeoutMs: 2000});
    await expect(patient.allocate('file', 1)).rejects.toMatchObject({code: 'DATABASE_UNAVAILABLE'});
    expect(asked).toBe(2);
  });
});
