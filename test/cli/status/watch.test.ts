import {describe, expect, it, onTestFinished} from 'vitest';
import {cli, startCli, startServer, waitFor} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';
import {needs} from '../../helpers/run/needs.js';
import {startPostgres} from '../../helpers/databases/private-server.js';
import {openTerminal} from '../../helpers/programs/terminal.js';
import {copyFixture, makeWorkspace} from '../../helpers/folders/workspace.js';

function archive(): string {
  const cwd = makeWorkspace();
  copyFixture('pacifica-1.0.sqlite3', cwd, 'db.sqlite3');
  return cwd;
}

describe('status --watch, on a terminal', () => {
  it('keeps up with the counters, and gives the terminal back as it was on Ctrl-C', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['status', '--watch', '0.2'], {cwd});
    await terminal.shows(/^file +251,038 .* 0\.0 +▁▁/m);
    await cli(['getid', '-m', 'file', '-r', '100'], {cwd});
    await terminal.shows(/^file +251,138 .*█/m);
    expect(await terminal.shows('Every 0.2 s')).toContain('Ctrl-C ends');
    await terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
    expect(await terminal.shows('[exit')).toBe('[exit 130]');
  });

  it('fits a terminal that is resized, in width and height', async () => {
    const cwd = archive();
    const terminal = await openTerminal(['status', '--watch', '0.2'], {cwd});
    await terminal.shows(/RATE/);
    await terminal.resize(40, 12);
    const screen = await terminal.shows(/… and \d further modes/);
    expect(screen).not.toContain('RATE');
    for (const line of screen.split('\n')) expect(line.length).toBeLessThanOrEqual(40);
    expect(screen.split('\n').length).toBeLessThanOrEqual(12);
    await terminal.resize(120, 30);
    await terminal.shows(/REMAINING +PER SECOND +RATE/);
  });

  it('shows a running service, and that it has gone', async () => {
    const cwd = archive();
    const server = await startServer(['--sync'], {cwd});
    const terminal = await openTerminal(['status', '-w', '0.2', '--server', server.url], {cwd});
    await terminal.shows(/^Service +http:\/\/127\.0\.0\.1:\d+ \(UniqueID \S+, up \d+ s\)/m);
    await ask(server.url, '/getid?range=7&mode=file');
    await terminal.shows(/^file +251,045/m);
    server.process.kill('SIGTERM');
    const away = await terminal.shows(/^Away [^]*did not answer:\s+ECONNREFUSED\.\s+For \d+ s/m);
    expect(away).toMatch(/^file +251,045/m);
  });

  needs('postgresql').it('lives through an outage of the database', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.remove());
    const cwd = makeWorkspace();
    const env = {PEEWEE_URL: `${server.url}/postgres`};
    await cli(['dbsync'], {cwd, env});
    await cli(['getid', '-m', 'file', '-r', '10'], {cwd, env});
    const terminal = await openTerminal(['status', '-w', '0.2'], {cwd, env});
    await terminal.shows(/^file +10 /m);
    await server.kill();
    const away = await terminal.shows(/^Away [^]*cannot\s+be\s+reached/m);
    expect(away).toMatch(/^file +10 /m);
    expect(away).not.toContain('p;a#ss');
    await server.restart();
    await terminal.shows(/^Database .*\n(?:[^A]|A(?!way))*Every/m);
    await cli(['getid', '-m', 'file', '-r', '5'], {cwd, env});
    await terminal.shows(/^file +15 /m);
    await terminal.press('C-c');
    expect(await terminal.ended()).toBe(130);
  });
});

describe('status --watch, without a terminal', () => {
  it('writes one look after the other, one JSON document a line with --json', async () => {
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
    await waitFor(() => (plain.stdout().split('NEXT INDEX').length > 2 ? true : undefined), plain);
    plain.process.kill('SIGINT');
    const {status, stdout} = await plain.finished;
    expect(status).toBe(130);
    expect(stdout).not.toContain('\u001B');
  });

  it.each([[['--json']], [[]]])('ends quietly when nobody reads on (%j)', async (json: string[]) => {
    const command = startCli(['status', '--watch=0.1', ...json], {cwd: archive()});
    command.process.stdout?.once('data', () => command.process.stdout?.destroy());
    expect(await command.finished).toMatchObject({status: 0, stderr: ''});
  });
});
