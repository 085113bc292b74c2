import {join} from 'node:path';
import express from 'express';
import fastify from 'fastify';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {createRequestListener as create, EmbeddedService} from '../../src/index.js';
import {ask} from '../helpers/network/http.js';
import {serving} from '../helpers/network/listening.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

// The build, because the service starts a thread from a file of its own.
const {createRequestListener} = (await import(join(root, 'dist', 'index.js'))) as {
  createRequestListener: typeof create;
};

async function service(settings = {}): Promise<EmbeddedService> {
  const database = `sqlite:///${join(makeWorkspace(), 'db.sqlite3')}`;
  const made = await createRequestListener({database, sync: true, settings});
  onTestFinished(() => made.close());
  return made;
}

const given = {status: 200, body: '{"endIndex": 9, "startIndex": 0}'};

describe('the service inside another server', () => {
  it('answers in node:http', async () => {
    const url = await serving(await service());
    expect(await ask(url, '/getid?mode=file&range=10')).toMatchObject(given);
    expect((await ask(url, '/health')).status).toBe(200);
  });

  it('answers in Express below a path', async () => {
    const app = express();
    app.use('/ids', await service());
    app.get('/own', (_, response) => {
      response.send('mine');
    });
    const url = await serving(app);
    expect(await ask(url, '/ids/getid?mode=file&range=10')).toMatchObject(given);
    expect(await ask(url, '/own')).toMatchObject({status: 200, body: 'mine'});
  });

  it('answers in Fastify', async () => {
    const listener = await service();
    const app = fastify();
    app.all('/*', (request, reply) => {
      reply.hijack();
      listener(request.raw, reply.raw);
    });
    onTestFinished(() => app.close());
    const url = await app.listen({port: 0, host: '127.0.0.1'});
    expect(await ask(url, '/getid?mode=file&range=10')).toMatchObject(given);
  });

  it('takes settings of a config file, and rejects unknown, invalid and unsupported ones', async () => {
    const url = await serving(await service({max_range: '5', first_index: '100'}));
    expect((await ask(url, '/getid?mode=file&range=6')).status).toBe(400);
    expect((await ask(url, '/getid?mode=file&range=5')).body).toBe('{"endIndex": 104, "startIndex": 100}');
    await expect(service({max_rang: '5'})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('"max_range"') as string,
    });
    for (const key of ['TLS_CERT', 'tls_cert ', '#max_range', 'peewee_url'])
      await expect(service({[key]: '1'}), key).rejects.toMatchObject({code: 'CONFIG_INVALID'});
    await expect(createRequestListener({database: '', sync: true})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    for (const key of ['max_connections', 'idle_timeout', 'tls_cert'])
      await expect(service({[key]: '1'}), key).rejects.toMatchObject({code: 'CONFIG_INVALID'});
    await expect(service({max_range: 'many'})).rejects.toMatchObject({code: 'CONFIG_INVALID'});
    await expect(createRequestListener({database: 'sqlite:////nowhere/db.sqlite3'})).rejects.toMatchObject({
      code: 'DATABASE_MISSING',
    });
  });

  it('answers requests accepted before close, and rejects later ones', async () => {
    const made = await service();
    let close: Promise<void> | undefined;
    const url = await serving((request, response) => {
      made(request, response);
      close ??= made.close();
    });
    expect(await ask(url, '/getid?mode=file&range=10')).toMatchObject(given);
    await close;
    expect((await ask(url, '/getid?mode=file&range=1')).status).toBe(503);
  });
});
