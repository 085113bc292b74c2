import {readFileSync} from 'node:fs';

/** Returns the resident memory of a process in megabytes, now and at its peak. Works on Linux only. */
export function memoryOf(pid: number | undefined): {readonly now: number; readonly peak: number} {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+([0-9]+) kB`, 'm').exec(status)?.[1]) / 1024;
  return {now: megabytes('VmRSS'), peak: megabytes('VmHWM')};
}
