import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Ajv2020} from 'ajv/dist/2020.js';
import {describe, expect, it} from 'vitest';
import {cli, startServer} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';
import {copyFixture, makeWorkspace, root} from '../../helpers/folders/workspace.js';

/** Returns the errors of a document against its schema in docs/schemas; empty if it is valid. */
function misfits(schema: string, text: string): unknown[] {
  const document = JSON.parse(
    readFileSync(join(root, 'docs', 'schemas', `${schema}.json`), 'utf8'),
  ) as object;
  const validate = new Ajv2020({allErrors: true, allowUnionTypes: true}).compile(document);
  return validate(JSON.parse(text)) ? [] : [...(validate.errors ?? [])];
}

describe('the output of --json', () => {
  const archive = (): string => {
    const cwd = makeWorkspace();
    copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
    return cwd;
  };

  it.each([
    ['getid', ['getid', '-m', 'file', '-r', '10']],
    ['getid', ['getid', '-m', 'file', '-r', '0']],
    ['status', ['status']],
    ['status', ['status', '--limit', '1']],
    ['config-sources', ['status', '--config-sources']],
    ['serve-check-config', ['serve', '--check-config']],
    ['dbsync', ['dbsync']],
    ['dbsync', ['dbsync', '--dry-run', '--database', 'sqlite:///other.sqlite3']],
    ['dbsync-check', ['dbsync', '--check']],
    ['dbsync-copy', ['dbsync', '--from', 'sqlite:///db.sqlite3', '--database', 'sqlite:///new.sqlite3']],
    [
      'dbsync-copy',
      ['dbsync', '--from', 'sqlite:///db.sqlite3', '--database', 'sqlite:///n.sqlite3', '--dry-run'],
    ],
    ['reset', ['reset', '--all', '--to', '0', '--yes', '--allow-duplicates']],
    ['reset', ['reset', '--all', '--at-least', '5', '--yes']],
    ['reset', ['reset', '-m', 'file', '--to', '9223372036854775807', '--dry-run']],
    ['completion', ['completion', 'fish']],
    ['token', ['token', 'ingest']],
    ['token', ['token', 'ingest', '--write', '--file', 't.ini']],
    ['version', ['version']],
    ['help', ['help']],
    ['help', ['getid', '--help']],
    ['help-exit-codes', ['help', 'exit-codes']],
    ['help-environment', ['help', 'environment']],
  ])('fits the schema %s for the command %j', async (schema, args) => {
    const {status, stdout, stderr} = await cli([...args, '--json'], {cwd: archive()});
    expect({status, stderr}).toEqual({status: 0, stderr: ''});
    expect(misfits(schema, stdout)).toEqual([]);
  });

  it.each([
    [['getid'], 2],
    [['getid', '-m', ' x'], 2],
    [['getid', '-m', 'x', '--nope'], 2],
    [['nothing'], 2],
    [['status', '--watch', '0'], 2],
    [['reset', '-m', 'file', '--to', '0'], 6],
    [['reset', '-m', 'file', '--to', '0', '--yes'], 6],
    [['reset', '-m', 'file', '--yes'], 2],
    [['reset', '-m', 'file', '--by', '9223372036854775807', '--yes'], 5],
    [['reset', '-m', 'nope', '--to', '0', '--yes'], 2],
    [['dbsync', '--check', '--database', 'sqlite:///none.sqlite3'], 3],
    [['serve', '--database', 'sqlite:///none.sqlite3'], 3],
    [['completion', 'tcsh'], 2],
    [['token'], 2],
    [['help', 'nothing'], 2],
    [['getid', '-m', 'fiel', '--existing'], 6],
    [['getid', '-m', 'x', '--server', 'http://127.0.0.1:1', '--retries', '0'], 7],
  ])('fits the schema error for the failed command %j', async (args, expected) => {
    const {status, stdout, stderr} = await cli([...args, '--json'], {cwd: archive()});
    expect({status, stderr}).toEqual({status: expected, stderr: ''});
    expect(misfits('error', stdout)).toEqual([]);
    expect(stdout).toContain(`"exit": ${expected}`);
  });

  it('fits the schemas of serve, of status --server and of the answers of a service', async () => {
    const cwd = archive();
    const {url} = await startServer(['--sync'], {cwd});
    expect(misfits('status', (await ask(url, '/status')).body)).toEqual([]);
    expect(misfits('getid', (await ask(url, '/getid?mode=file&range=3')).body)).toEqual([]);
    const remote = await cli(['status', '--server', url, '--json'], {cwd});
    expect(misfits('status', remote.stdout)).toEqual([]);
    expect(JSON.parse(remote.stdout)).toMatchObject({
      service: {url},
      modes: expect.arrayContaining([
        expect.objectContaining({mode: 'file', highWaterMark: 251_041}),
        expect.objectContaining({mode: 'upload_job', highWaterMark: null}),
      ]) as unknown,
    });
    const json = await startJsonServer(cwd);
    expect(misfits('serve', json)).toEqual([]);
  });

  it('does not fit a schema with a text in place of a number, or with an unknown key', () => {
    expect(misfits('getid', '{"endIndex": "9", "startIndex": 0}')).not.toEqual([]);
    expect(misfits('getid', '{"endIndex": 9, "startIndex": 0, "more": 1}')).not.toEqual([]);
  });
});

async function startJsonServer(cwd: string): Promise<string> {
  const {startCli, waitFor} = await import('../../helpers/programs/cli.js');
  const server = startCli(['serve', '--port', '0', '--json'], {cwd});
  return waitFor(() => (server.stdout().endsWith('\n') ? server.stdout() : undefined), server);
}
