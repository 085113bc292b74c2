import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, onTestFinished} from 'vitest';
import {startProgram} from '../../helpers/programs/cli.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';
import {needs} from '../../helpers/run/needs.js';

/** Starts a name server on a port of its own address that never answers; returns the address. */
async function silentNameServer(): Promise<string> {
  const address = '127.0.53.53';
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.bind(53, address);
  await once(socket, 'listening');
  return address;
}

needs('mounts').it.each([
  ['status', '--database', 'postgresql://u:p@ids.example.org/x', 4],
  ['getid -m file', '--server', 'ids.example.org:8051', 7],
] as const)(
  '%s %s does not wait for a name server longer than --timeout',
  async (command, flag, url, exit) => {
    const cwd = makeWorkspace();
    // Without a limit of its own, the command would wait for 150 s.
    const resolver = `nameserver ${await silentNameServer()}\noptions timeout:30 attempts:5\n`;
    writeFileSync(join(cwd, 'resolv.conf'), resolver);
    const uniqueid = `'${process.execPath}' '${join(root, 'bin', 'run.js')}'`;
    const program =
      'mount --bind resolv.conf /etc/resolv.conf && ' +
      `exec ${uniqueid} ${command} --timeout 0.5 ${flag} ${url}`;
    const {status, stderr} = await startProgram('unshare', ['--mount', 'bash', '-c', program], {cwd})
      .finished;
    expect(stderr).toMatch(/\b0\.5 s\b/);
    expect(status).toBe(exit);
  },
);
