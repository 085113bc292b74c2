import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {settings} from '../../src/lib/config/settings.js';
import {needs} from '../helpers/run/needs.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

const names = ['uniqueid.service', 'uniqueid.socket'] as const;
const read = (name: (typeof names)[number]): string =>
  readFileSync(join(root, 'docs', 'systemd', name), 'utf8');

/** Returns all values of each key of a unit. */
function valuesOf(unit: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [, key = '', value = ''] of unit.matchAll(/^([A-Za-z]+)=(.*)$/gm))
    values.set(key, [...(values.get(key) ?? []), value]);
  return values;
}

const service = valuesOf(read('uniqueid.service'));
const socket = valuesOf(read('uniqueid.socket'));
const numberOf = (key: string): number => Number(service.get(key)?.[0]);

/** Copies the units into a folder, with the path of the command in this repository. */
function installed(): string[] {
  const folder = makeWorkspace();
  return names.map((name) => {
    const path = join(folder, name);
    writeFileSync(path, read(name).replace('=uniqueid serve', `=${join(root, 'bin', 'run.js')} serve`));
    return path;
  });
}

needs('systemd-analyze').describe('systemd-analyze', () => {
  it('finds no fault in the units', () => {
    const found = execFileSync('systemd-analyze', ['verify', ...installed()], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(found).toBe('');
  });

  it('rates the exposure of the service at 2 or lower', () => {
    const [path = ''] = installed();
    const asked = ['security', '--offline=true', '--no-pager', path];
    const judged = execFileSync('systemd-analyze', asked, {encoding: 'utf8'});
    const [, exposure] = /Overall exposure level for uniqueid\.service: ([\d.]+)/.exec(judged) ?? [];
    expect(Number(exposure), judged).toBeLessThanOrEqual(2);
  });
});

describe('the systemd units', () => {
  it('pass a socket to the service, wait until it is ready, and reload it by SIGHUP', () => {
    expect(service.get('Requires')).toEqual(['uniqueid.socket']);
    expect(socket.get('ListenStream')).toEqual([`${settings.address.default}:${settings.port.default}`]);
    expect(service.get('Type')).toEqual(['notify']);
    // A child process sends the notification.
    expect(service.get('NotifyAccess')).toEqual(['all']);
    expect(service.get('ExecStart')).toEqual(['uniqueid serve']);
    expect(service.get('ExecReload')).toEqual(['/bin/kill -HUP $MAINPID']);
    expect(service.get('KillSignal')).toEqual(['SIGTERM']);
  });

  it('have longer time limits than the service', () => {
    expect(numberOf('TimeoutStopSec')).toBeGreaterThan(Number(settings.shutdownTimeoutMs.default) + 5);
    const waiting = Number(settings.connectAttempts.default) * Number(settings.connectWaitMs.default);
    expect(numberOf('TimeoutStartSec')).toBeGreaterThan(waiting);
    expect(numberOf('LimitNOFILE')).toBeGreaterThan(Number(settings.maxConnections.default));
  });

  it('set only known variables', () => {
    const known = [...Object.values(settings).map(({env}) => env), 'UNIQUEID_CONFIG', 'UNIQUEID_CPCONFIG'];
    const set = (service.get('Environment') ?? []).map((each) => each.split('=')[0] ?? '');
    expect(set.filter((name) => name.startsWith('UNIQUEID_'))).toHaveLength(2);
    for (const name of set) expect([...known, 'NODE_ENV']).toContain(name);
  });

  it('allow Node.js to compile code', () => {
    expect(service.has('MemoryDenyWriteExecute')).toBe(false);
  });
});
