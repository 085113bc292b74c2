import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {cli, startServer} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

/** One letter short of the variable that makes the service require tokens. */
const env = {UNIQUEID_TOKEN_FILE: 'tokens.ini'};

describe('a misspelt environment variable', () => {
  it.each([
    'getid -m file',
    'getid -m file --server http://127.0.0.1:1',
    'getid --mode=file --retries 0 --server http://127.0.0.1:1',
    'serve --sync --port 0',
    'status',
    'status --server http://127.0.0.1:1',
    'status --config-sources',
    'status --watch 1',
    'dbsync',
    'dbsync --check',
    'reset --all --to 0 --yes',
  ])('is rejected by %s', async (line) => {
    const cwd = makeWorkspace();
    const {status, stdout, stderr} = await cli(line.split(' '), {cwd, env});
    expect({status, stdout}).toEqual({status: 2, stdout: ''});
    expect(stderr).toContain('UNIQUEID_TOKENS_FILE');
    expect(existsSync(join(cwd, 'db.sqlite3'))).toBe(false);
    const json = await cli([...line.split(' '), '--json'], {cwd, env});
    expect(JSON.parse(json.stdout)).toMatchObject({error: {code: 'CONFIG_INVALID', exit: 2}});
  });

  it('does not stop help, version and completion', async () => {
    const cwd = makeWorkspace();
    for (const line of ['--help', 'getid --help', '--version', 'completion bash', 'complete -- st']) {
      const {status, stdout, stderr} = await cli(line.split(' '), {cwd, env});
      expect({status, stderr}, line).toEqual({status: 0, stderr: ''});
      expect(stdout, line).not.toBe('');
    }
    const modes = await cli(['complete', '--', 'getid', '--mode', ''], {cwd, env});
    expect(modes).toMatchObject({status: 0, stdout: '', stderr: ''});
  });
});

it('serve ignores the variables that Kubernetes sets for a Service named uniqueid', async () => {
  const pod = {
    UNIQUEID_SERVICE_HOST: '10.0.0.11',
    UNIQUEID_SERVICE_PORT: '8051',
    UNIQUEID_SERVICE_PORT_HTTP: '8051',
    UNIQUEID_PORT: 'tcp://10.0.0.11:8051',
    UNIQUEID_PORT_8051_TCP: 'tcp://10.0.0.11:8051',
    UNIQUEID_PORT_8051_TCP_PROTO: 'tcp',
    UNIQUEID_PORT_8051_TCP_PORT: '8051',
    UNIQUEID_PORT_8051_TCP_ADDR: '10.0.0.11',
  };
  const cwd = makeWorkspace();
  const server = await startServer(['--sync'], {cwd, env: pod});
  expect((await ask(server.url, '/getid?range=10&mode=file')).status).toBe(200);
  const sources = await cli(['status', '--config-sources', '--json'], {cwd, env: pod});
  const {settings} = JSON.parse(sources.stdout) as {settings: {setting: string; source: string}[]};
  expect(settings).toContainEqual({setting: 'server.socket_port', value: '8051', source: 'default'});
});
