import {readFileSync} from 'node:fs';

/** The memory of a process in megabytes: what it has in use now, and the most it ever had. Linux alone tells. */
export function memoryOf(pid: number | undefined): {readonly now: number; readonly peak: number} {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+([0-9]+) kB`, 'm').exec(status)?.[1]) / 1024;
  return {now: megabytes('VmRSS'), peak: megabytes('VmHWM')};
}
