import {readFileSync} from 'node:fs';

/** So many file descriptors stay free for the database, the log files and the process itself. */
const RESERVED = 64;

/**
 * How many connections this process can really hold. Each needs a file descriptor, and a process that has used up all of
 * them can neither reach its database again nor open its log files anew.
 *
 * @param wanted `max_connections`
 * @param limit how many descriptors the process may have; `undefined` where the system does not tell
 */
export function affordableConnections(wanted: number, limit: number | undefined): number {
  return limit === undefined ? wanted : Math.max(1, Math.min(wanted, limit - RESERVED));
}

/** How many file descriptors this process may have; Node has raised that as far as it may. Linux tells, others do not. */
export function descriptorLimit(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files +([0-9]+)/m.exec(limits)?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** A sentence for the log where `max_connections` is out of reach. */
export function descriptorRemark(wanted: number, limit: number | undefined): string | undefined {
  if (limit === undefined || limit >= wanted) return undefined;
  const most = affordableConnections(wanted, limit);
  return (
    `max_connections is ${wanted}, but this process may open only ${limit} files: further connections than ${most} ` +
    'are closed. Raise the limit (LimitNOFILE= of systemd, ulimit -n), or lower max_connections in [uniqueid].'
  );
}
