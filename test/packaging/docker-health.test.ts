import {join} from 'node:path';
import {expect, it} from 'vitest';
import {makeCertificate} from '../helpers/network/certificate.js';
import {startProgram, startServer, type Finished} from '../helpers/programs/cli.js';
import {ask} from '../helpers/network/http.js';
import {makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

/** Runs the health check of the image against the service at this URL. */
function check(url: string): Promise<Finished> {
  const env = {UNIQUEID_PORT: new URL(url).port};
  const program = join(root, 'scripts', 'docker-health.js');
  return startProgram(process.execPath, [program], {cwd: makeWorkspace(), env}).finished;
}

it('the health check fails if the service cannot allocate, and if it is unreachable', async () => {
  const cwd = makeWorkspace();
  const server = await startServer(['--sync'], {cwd, env: {UNIQUEID_ON_REGRESSION: 'stop'}});
  expect(await check(server.url)).toMatchObject({status: 0, stdout: '200\n'});
  await ask(server.url, '/getid?mode=file&range=50');
  await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute('UPDATE uniqueindex SET "index" = 10');
  await ask(server.url, '/getid?mode=file&range=1');
  expect(await check(server.url)).toMatchObject({status: 1, stdout: '503\n'});
  server.process.kill('SIGKILL');
  await server.finished;
  const gone = await check(server.url);
  expect(gone.status).toBe(1);
  expect(gone.stdout).toContain('ECONNREFUSED');
});

it('the health check also works for a service with a certificate', async () => {
  const {key, certificate} = makeCertificate();
  const env = {UNIQUEID_TLS_CERT: certificate, UNIQUEID_TLS_KEY: key};
  const server = await startServer(['--sync'], {cwd: makeWorkspace(), env});
  expect(await check(server.url)).toMatchObject({status: 0, stdout: '200\n'});
});
