import {describe, expect, it, onTestFinished} from 'vitest';
import {cli, startCli, startServer, waitFor} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';
import {needs} from '../../helpers/run/needs.js';
import {startPostgres} from '../../helpers/databases/private-server.js';
import {screens} from '../../helpers/programs/screens.js';
import {openTerminal} from '../../helpers/programs/terminal.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

function archive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

describe('status --watch, on a terminal', () => {
  it('follows the counters, and restores the terminal on Ctrl-C', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['status', '--watch', '0.2'], {cwd});
    await terminal.shows(/^file +251,038 .* 0\.0 +▁▁/m);
    await cli(['getid', '-m', 'file', '-r', '100'], {cwd});
    await terminal.shows(/^file +251,138 .*█/m);
    await terminal.shows(screens.watching(0.2));
    await terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
    expect(await terminal.shows('[exit')).toBe('[exit 130]');
  });

  it('fits the width and height of a terminal that is resized', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['status', '--watch', '0.2'], {cwd});
    const sparkline = /^file .*▁/m;
    await terminal.shows(sparkline);
    await terminal.resize(40, 11);
    const screen = await terminal.shows(screens.furtherModes);
    expect(screen).not.toMatch(sparkline);
    expect(screen).toMatch(screens.watching());
    for (const line of screen.split('\n')) expect(line.length).toBeLessThanOrEqual(40);
    expect(screen.split('\n').length).toBeLessThanOrEqual(11);
    await terminal.resize(120, 30);
    await terminal.shows(/^file +251,038 +\d\S* +▁/m);
  });

  it('shows a running service, and its outage', async () => {
    const cwd = archive();
    const server = await startServer(['--sync'], {cwd});
    const terminal = await openTerminal(['status', '-w', '0.2', '--server', server.url], {cwd});
    await terminal.shows(/^Service +http:\/\/127\.0\.0\.1:\d+ \(UniqueID \S+, up \d+ s\)/m);
    await ask(server.url, '/getid?range=7&mode=file');
    await terminal.shows(/^file +251,045/m);
    server.process.kill('SIGTERM');
    const outage = await terminal.shows(screens.outage);
    expect(outage).toContain('ECONNREFUSED');
    expect(outage).toMatch(screens.row('file', '251,045'));
    // Every whole second, whatever the interval.
    for (const seconds of [1, 2, 3]) await terminal.shows(new RegExp(`^\\w+ for ${seconds} s;.*: *$`, 'm'));
  });

  needs('postgresql').it('continues after an outage of the database', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.remove());
    const cwd = makeWorkspace();
    const env = {PEEWEE_URL: `${server.url}/postgres`};
    await cli(['dbsync'], {cwd, env});
    await cli(['getid', '-m', 'file', '-r', '10'], {cwd, env});
    const terminal = await openTerminal(['status', '-w', '0.2'], {cwd, env});
    await terminal.shows(/^file +10 /m);
    await server.kill();
    const outage = await terminal.shows(screens.outage);
    expect(outage).toMatch(screens.row('file', '10'));
    expect(outage).not.toContain('p;a#ss');
    await server.restart();
    await terminal.shows(screens.noOutage);
    await cli(['getid', '-m', 'file', '-r', '5'], {cwd, env});
    await terminal.shows(/^file +15 /m);
    await terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
  });
});

describe('status --watch, without a terminal', () => {
  it('prints one status after the other, with --json one document per line', async () => {
    const cwd = archive();
    const command = startCli(['status', '--watch=0.1', '--json'], {cwd});
    const lines = await waitFor(() => {
      const seen = command.stdout().split('\n').slice(0, -1);
      return seen.length >= 3 ? seen : undefined;
    }, command);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({schema: {safe: true}});
    command.process.kill('SIGTERM');
    expect(await command.finished).toMatchObject({status: 143, stderr: ''});
    const plain = startCli(['status', '-w', '0.1'], {cwd});
    await waitFor(() => (plain.stdout().split(/^Database /m).length > 2 ? true : undefined), plain);
    plain.process.kill('SIGINT');
    const {status, stdout} = await plain.finished;
    expect(status).toBe(130);
    expect(stdout).not.toContain('\u001B');
  });

  it.each([[['--json']], [[]]])(
    'ends with status 0 when its reader closes the pipe (%j)',
    async (json: string[]) => {
      const command = startCli(['status', '--watch=0.1', ...json], {cwd: archive()});
      command.process.stdout?.once('data', () => command.process.stdout?.destroy());
      expect(await command.finished).toMatchObject({status: 0, stderr: ''});
    },
  );
});
