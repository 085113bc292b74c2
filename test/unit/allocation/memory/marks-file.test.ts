import {execFileSync} from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {HighWaterMarks} from '../../../../src/lib/allocation/marks/high-water-marks.js';
import {formatLine, header} from '../../../../src/lib/allocation/memory/lines.js';
import {MarksFile} from '../../../../src/lib/allocation/memory/marks-file.js';
import {MarkMemory} from '../../../../src/lib/allocation/memory/memory.js';
import {mountSmallDisk, type SmallDisk} from '../../../helpers/folders/small-disk.js';
import {makeWorkspace} from '../../../helpers/folders/workspace.js';
import {needs} from '../../../helpers/run/needs.js';

const origin = {identity: 1, epoch: 0, place: 'a.b'};

/** Formats marks of as many modes as given. */
function marksOf(modes: number, next = 1n, prefix = 'mode'): string {
  const lines = Array.from({length: modes}, (_, index) =>
    formatLine({kind: 'mark', origin, mode: `${prefix}${index}`, next}),
  );
  return lines.join('');
}

/** Formats lines of one mode, about 300 KB. */
const longHistory = marksOf(1).repeat(12_000);

/** A process that uses a file of marks, without a database. */
class Process {
  readonly file: MarksFile;
  readonly marks = new HighWaterMarks(0);
  readonly memory: MarkMemory;

  constructor(
    path: string,
    {identity = 1, maxModes = 100_000, only}: {identity?: number; maxModes?: number; only?: string} = {},
  ) {
    this.file = new MarksFile({path, model: join(path, '..'), maxModes});
    this.file.only = only;
    this.memory = new MarkMemory(this.file, this.marks, `database ${identity}`);
    this.memory.start({identity, epoch: 0, modeEpochs: new Map()});
  }

  issue(mode: string, next: bigint): void {
    this.memory.poll();
    this.memory.record(mode, {epoch: 0, next});
    this.memory.flush();
  }

  repair(): void {
    this.memory.repair();
  }

  async close(): Promise<void> {
    await this.memory.close({sync: false});
  }
}

const sizeOf = (path: string): number => statSync(path).size;
const makePath = (): string => join(makeWorkspace(), 'issued');

describe('a process that needs one mode', () => {
  it('finds its marks anywhere in the file, also those in a rewritten one', async () => {
    const path = makePath();
    // The lines of a mode are at the start, in the middle, at the end, and across the chunks of a reading.
    writeFileSync(path, header + marksOf(10_000, 5n));
    for (const mode of ['mode0', 'mode1', 'mode1424', 'mode5000', 'mode9999']) {
      const command = new Process(path, {only: mode});
      expect(command.marks.get(mode)).toBe(5n);
      await command.close();
    }
    const service = new Process(path);
    const command = new Process(path, {only: 'mode77'});
    service.issue('mode77', 8n);
    command.issue('mode77', 9n);
    // Makes the service rewrite the file.
    appendFileSync(path, longHistory.repeat(5));
    service.issue('other', 1n);
    await service.close();
    expect(sizeOf(path)).toBeLessThan(1_000_000);
    command.memory.poll();
    expect(command.marks.get('mode77')).toBe(9n);
    command.issue('mode77', 10n);
    await command.close();
    // Only the new file counts.
    rmSync(`${path}-old`);
    expect(new Process(path, {only: 'mode77'}).marks.get('mode77')).toBe(10n);
    expect(new Process(path).marks.get('mode77')).toBe(10n);
  });

  it('does not parse the lines of other modes', () => {
    const path = makePath();
    const damaged = marksOf(1000).replaceAll('\tmode', '\tMODE');
    writeFileSync(path, header + damaged);
    expect(new Process(path).memory.damagedLines).toBe(1000);
    // The first line of each reading is parsed in any case.
    expect(new Process(path, {only: 'mode1'}).memory.damagedLines).toBeLessThan(5);
  });
});

describe('a process that needs the highest mark of one mode', () => {
  const damaged = (text: string): string => text.replaceAll('\tmode', '\tMODE');

  it('does not parse the lines before it that are lower', () => {
    const path = makePath();
    const lower = damaged(marksOf(1, 5n)).repeat(1000);
    writeFileSync(path, header + lower + marksOf(1, 6n));
    const command = new Process(path, {only: 'MODE0'});
    expect(command.memory.damagedLines).toBe(1000);
    const other = new Process(path, {only: 'mode0'});
    expect(other.marks.get('mode0')).toBe(6n);
    expect(other.memory.damagedLines).toBeLessThan(5);
  });

  it('finds it before lines that are damaged, lower, or of a reset elsewhere', () => {
    const path = makePath();
    const reset = formatLine({kind: 'mark', origin: {...origin, epoch: 1}, mode: 'mode0', next: 2n});
    const spoilt = marksOf(1, 9n).replace('\t9\t', '\t8\t');
    writeFileSync(path, header + marksOf(1, 7n) + reset + marksOf(1, 6n) + spoilt);
    const command = new Process(path, {only: 'mode0'});
    expect(command.marks.mark('mode0')).toEqual({epoch: 0, next: 7n});
    expect(command.memory.damagedLines).toBe(1);
  });
});

describe('damaged lines', () => {
  it('are named once, and are gone after a rewrite that keeps all others', async () => {
    const path = makePath();
    writeFileSync(path, `${header}${marksOf(100, 5n)}m\t1\tdamaged\n${marksOf(100, 6n, 'other')}`);
    const service = new Process(path);
    expect(service.memory.news()).toEqual([expect.stringMatching(/issued had damaged lines.* 1\./)]);
    expect(service.memory.news()).toEqual([]);
    await service.close();
    expect(readFileSync(path, 'utf8')).not.toContain('damaged');
    const next = new Process(path);
    expect(next.memory.news()).toEqual([]);
    expect([...next.marks.entries()]).toHaveLength(200);
    appendFileSync(path, 'm\t1\tdamaged\n');
    next.issue('file', 1n);
    expect(next.memory.news()).toEqual([expect.stringContaining('damaged lines')]);
    await next.close();
    expect(readFileSync(path, 'utf8')).not.toContain('damaged');
  });

  it('of other modes are counted by a command that rewrites the file', async () => {
    const path = makePath();
    writeFileSync(path, header + longHistory + 'm\t1\tdamaged\n'.repeat(3) + marksOf(5, 1n, 'other'));
    const command = new Process(path, {only: 'mode0'});
    await command.close();
    expect(command.memory.news()).toEqual([expect.stringMatching(/damaged lines.* 3\./)]);
    expect(readFileSync(path, 'utf8')).not.toContain('damaged');
  });

  it('make only one of several processes rewrite the file', async () => {
    const path = makePath();
    const processes = [new Process(path), new Process(path)] as const;
    for (const [index, each] of processes.entries()) each.issue(`mode${index}`, 1n);
    appendFileSync(path, 'm\t1\tdamaged\n');
    const inode = (): number => statSync(path).ino;
    const before = inode();
    processes[0].memory.poll();
    await expect.poll(inode).not.toBe(before);
    const rewritten = inode();
    processes[1].memory.poll();
    await nextTurn();
    for (const each of processes) await each.close();
    expect(inode()).toBe(rewritten);
  });

  it('do not make a file fail that cannot be rewritten, as long as it is small', async () => {
    const path = makePath();
    const service = new Process(path);
    service.issue('mode0', 1n);
    appendFileSync(path, 'm\t1\tdamaged\n');
    // Nothing can replace a folder that holds something.
    mkdirSync(`${path}-new/file`, {recursive: true});
    utimesSync(`${path}-new`, 0, 0);
    service.issue('mode0', 2n);
    await service.close();
    expect(service.file.problem).toBeUndefined();
    expect(service.memory.damagedLines).toBe(1);
  });

  it('are named too if the file was set aside, because it lacked its first line', async () => {
    const path = makePath();
    writeFileSync(path, `garbage\n${marksOf(100, 5n)}m\t1\tdamaged\n`);
    const service = new Process(path);
    expect(service.memory.news()).toEqual([expect.stringMatching(/damaged lines.* 2\./)]);
    await service.close();
    expect([...new Process(path).marks.entries()]).toHaveLength(100);
    expect(readFileSync(`${path}-damaged`, 'utf8')).toContain('garbage');
  });
});

/** Longer than the pause between two rewrites. */
const REWRITE_PAUSE_MS = 1100;

describe('the size of a file of high-water marks', () => {
  it('is bounded although each process writes one line', async () => {
    const path = makePath();
    writeFileSync(path, header + longHistory);
    const command = new Process(path);
    command.issue('mode0', 7n);
    await command.close();
    expect(sizeOf(path)).toBeLessThan(1000);
    expect(new Process(path).marks.get('mode0')).toBe(7n);
  });

  it('is bounded although each process ends before the file has grown to four times its size', async () => {
    const path = makePath();
    let most = 0;
    for (let life = 0; life < 8; life++) {
      const service = new Process(path);
      for (let batch = 0; batch < 20; batch++) {
        service.file.append(marksOf(1).repeat(400));
        service.memory.poll();
      }
      await service.close();
      most = Math.max(most, sizeOf(path));
    }
    expect(most).toBeLessThan(600_000);
  });

  it('is bounded by a process that only reads what others append', async () => {
    const path = makePath();
    const idle = new Process(path);
    appendFileSync(path, longHistory);
    idle.memory.poll();
    await idle.close();
    expect(sizeOf(path)).toBeLessThan(1000);
  });

  it('does not shrink while another process rewrites it, but later if that one was killed', async () => {
    const path = makePath();
    const service = new Process(path);
    writeFileSync(`${path}-new`, '');
    service.issue('file', 5n);
    const append = async (): Promise<void> => {
      service.file.append(longHistory);
      service.memory.poll();
      await nextTurn();
    };
    await append();
    await append();
    expect(sizeOf(path)).toBeGreaterThan(600_000);
    const past = Date.now() / 1000 - 120;
    utimesSync(`${path}-new`, past, past);
    await sleep(REWRITE_PAUSE_MS);
    await append();
    await append();
    await service.close();
    expect(sizeOf(path)).toBeLessThan(1000);
    expect(new Process(path).marks.get('file')).toBe(5n);
  });

  it('shrinks once per second at most', async () => {
    const path = makePath();
    const service = new Process(path);
    const append = (): void => {
      service.file.append(longHistory);
      service.memory.poll();
    };
    const isShort = (): void => {
      expect(sizeOf(path)).toBeLessThan(1000);
    };
    append();
    await vi.waitFor(isShort, 10_000);
    append();
    await sleep(100);
    expect(isShort).toThrow();
    await sleep(REWRITE_PAUSE_MS);
    append();
    await vi.waitFor(isShort, 10_000);
    await service.close();
  });

  it('shrinks although the clock was set back since a rewrite was interrupted', async () => {
    const path = makePath();
    writeFileSync(path, header + longHistory);
    writeFileSync(`${path}-new`, '');
    const future = Date.now() / 1000 + 3600;
    utimesSync(`${path}-new`, future, future);
    await new Process(path).close();
    expect(sizeOf(path)).toBeLessThan(1000);
  });

  it('is bounded by max_modes of each database, not of all', async () => {
    const path = makePath();
    const production = new Process(path, {identity: 1});
    for (let mode = 0; mode < 50; mode++) production.issue(`mode${mode}`, 9n);
    const test = new Process(path, {identity: 2, maxModes: 10});
    for (let mode = 0; mode < 50; mode++) test.issue(`mode${mode}`, 4n);
    test.file.append(longHistory);
    test.memory.poll();
    await test.close();
    const kept = (identity: number): number =>
      [...new Process(path, {identity}).marks.entries()].filter(([, {next}]) => next > 1n).length;
    rmSync(`${path}-old`);
    expect([kept(1), kept(2)]).toEqual([50, 10]);
    await production.close();
  });
});

describe('a process that reads a file of high-water marks', () => {
  it('does not skip lines of a file that was rewritten twice between two readings', async () => {
    const path = makePath();
    const idle = new Process(path);
    idle.issue('mode0', 1n);
    for (const mode of ['first', 'second']) {
      const busy = new Process(path);
      busy.file.append(marksOf(3000, 1n, mode));
      busy.file.append(longHistory);
      busy.memory.poll();
      await busy.close();
    }
    const busy = new Process(path);
    busy.issue('early', 8n);
    rmSync(`${path}-old`);
    idle.memory.poll();
    expect([idle.marks.get('second0'), idle.marks.get('early')]).toEqual([1n, 8n]);
    await busy.close();
  });

  it.each([1, 3000])('does not read known lines again after a rewrite of %i modes', async (modes) => {
    const path = makePath();
    const [idle, busy] = [new Process(path), new Process(path)];
    busy.file.append(marksOf(modes));
    busy.file.append(longHistory);
    idle.memory.poll();
    busy.memory.poll();
    await busy.close();
    busy.memory.start({identity: 1, epoch: 0, modeEpochs: new Map()});
    busy.issue('file', 5n);
    const lines: string[] = [];
    expect(idle.file.poll(({mode}) => lines.push(mode))).toBe(false);
    expect(lines).toEqual(['file']);
    await busy.close();
  });

  it('does not take a later file with the same inode for the one that it missed', async () => {
    const path = makePath();
    const [idle, busy] = [new Process(path), new Process(path)];
    busy.file.append(longHistory);
    busy.memory.poll();
    await busy.close();
    writeFileSync(path, header + marksOf(100, 5n, 'later'));
    rmSync(`${path}-old`);
    idle.memory.poll();
    expect(idle.marks.get('later0')).toBe(5n);
  });

  it('writes its marks again into a file that was truncated', () => {
    const path = makePath();
    const service = new Process(path);
    service.issue('cold', 5n);
    service.issue('hot', 6n);
    truncateSync(path, 0);
    service.memory.repair();
    expect(new Process(path).marks.get('cold')).toBe(5n);
    service.issue('hot', 7n);
    expect(new Process(path).marks.get('hot')).toBe(7n);
  });

  it('does not read an unchanged read-only file again', () => {
    const path = makePath();
    new Process(path).issue('file', 5n);
    const reader = new MarksFile({path, model: path, maxModes: 10, readOnly: true});
    const lines: string[] = [];
    for (let turn = 0; turn < 3; turn++) reader.reopen(({mode}) => lines.push(mode));
    expect(lines).toEqual(['file']);
  });
});

describe('a symbolic link in place of a file of high-water marks', () => {
  it('stays when its target is rewritten', async () => {
    const folder = makeWorkspace();
    const [link, target] = [join(folder, 'issued'), join(folder, 'volume')];
    writeFileSync(target, header + longHistory);
    symlinkSync(target, link);
    const command = new Process(link);
    command.issue('mode0', 7n);
    await command.close();
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(sizeOf(target)).toBeLessThan(1000);
    expect(new Process(link).marks.get('mode0')).toBe(7n);
  });

  it('creates no file, and renames none', () => {
    const folder = makeWorkspace();
    const [link, target] = [join(folder, 'issued'), join(folder, 'profile')];
    symlinkSync(target, link);
    expect(new Process(link).file.problem).toBeDefined();
    expect(existsSync(target)).toBe(false);
    writeFileSync(target, 'echo hello\n');
    expect(new Process(link).file.problem).toBeDefined();
    expect(readFileSync(target, 'utf8')).toBe('echo hello\n');
    expect(readdirSync(folder).sort()).toEqual(['issued', 'profile']);
  });
});

/** Makes a folder of a user that all users may enter; a workspace only its owner may. */
function makeUserFolder(uid: number, gid: number): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'uniqueid-user-')));
  onTestFinished(() => {
    rmSync(folder, {recursive: true});
  });
  chownSync(folder, uid, gid);
  return folder;
}

needs('root').describe('the ownership of a file of high-water marks', () => {
  it('has the group of the database if its user is in that group', () => {
    const folder = makeUserFolder(65_534, 65_534);
    const [path, database] = [join(folder, 'issued'), join(folder, 'database')];
    writeFileSync(database, '', {mode: 0o660});
    chownSync(database, 0, 54_321);
    const groups = process.getgroups?.() ?? [];
    process.setgroups?.([54_321]);
    process.setegid?.(65_534);
    process.seteuid?.(65_534);
    try {
      new MarksFile({path, model: database, maxModes: 10}).reopen(() => undefined);
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
      process.setgroups?.(groups);
    }
    const {uid, gid, mode} = statSync(path);
    expect([uid, gid, mode & 0o777]).toEqual([65_534, 54_321, statSync(database).mode & 0o660]);
  });
});

needs('mounts').describe('a file of high-water marks on a disk', () => {
  const makeDisk = (): SmallDisk => {
    const disk = mountSmallDisk(join(makeWorkspace(), 'disk'), 2);
    onTestFinished(() => {
      disk.unmount();
    });
    return disk;
  };

  it.each<'issue' | 'repair'>(['issue', 'repair'])('that is full has a problem until the next %s', (next) => {
    const disk = makeDisk();
    const service = new Process(join(disk.path, 'issued'));
    service.issue('file', 5n);
    disk.fill();
    for (let mark = 6n; service.file.problem === undefined && mark < 1000n; mark++)
      service.issue('file', mark);
    service.issue('file', 1000n);
    expect(service.file.problem).toBeDefined();
    disk.free();
    service[next]('other', 1n);
    expect(service.file.problem).toBeUndefined();
    expect(new Process(join(disk.path, 'issued')).marks.get('file')).toBe(1000n);
  });

  it('that has space for a part of the rewritten file is left as it is', async () => {
    const disk = makeDisk();
    const path = join(disk.path, 'issued');
    writeFileSync(path, header + marksOf(1900, 5n, 'x'.repeat(200)));
    const reserve = join(disk.path, 'reserve');
    writeFileSync(reserve, Buffer.alloc(131_072));
    disk.fill();
    rmSync(reserve);
    const before = sizeOf(path);
    const service = new Process(path);
    await service.memory.close({sync: false});
    service.file.append('');
    rmSync(`${path}-old`, {force: true});
    expect(sizeOf(path)).toBeGreaterThanOrEqual(before);
    expect([...new Process(path).marks.entries()]).toHaveLength(1900);
  });

  it('that is full is not set aside although it is damaged', () => {
    const disk = makeDisk();
    const path = join(disk.path, 'issued');
    writeFileSync(path, `garbage\n${marksOf(200, 5n)}`);
    disk.fill();
    expect(new Process(path).file.problem).toBeDefined();
    disk.free();
    expect(new Process(path).marks.get('mode199')).toBe(5n);
  });

  it('that is mounted alone has a problem, and loses nothing', async () => {
    const disk = makeDisk();
    const [path, source] = [join(disk.path, 'issued'), join(makeWorkspace(), 'source')];
    writeFileSync(source, header + marksOf(1, 5n) + longHistory);
    writeFileSync(path, '');
    execFileSync('mount', ['--bind', source, path]);
    onTestFinished(() => {
      execFileSync('umount', ['--lazy', path]);
    });
    const service = new Process(path);
    service.issue('file', 6n);
    await service.close();
    expect(service.file.problem).toBeDefined();
    expect(existsSync(`${path}-new`)).toBe(false);
    expect(new Process(path).marks.get('file')).toBe(6n);
  });

  it.each<'issue' | 'repair'>(['issue', 'repair'])(
    'that becomes writable is written by the next %s',
    (next) => {
      const disk = makeDisk();
      const path = join(disk.path, 'issued');
      writeFileSync(path, header + marksOf(10, 5n));
      disk.setReadOnly(true);
      const service = new Process(path);
      service.issue('file', 6n);
      service.repair();
      expect(service.file.problem).toBeDefined();
      disk.setReadOnly(false);
      service[next]('other', 1n);
      expect(service.file.problem).toBeUndefined();
      expect(new Process(path).marks.get('file')).toBe(6n);
    },
  );
});
