import {readFileSync} from 'node:fs';

/** File descriptors kept free for the database, the log files and the process itself. */
const RESERVED = 64;

/**
 * Returns how many connections this process can really hold. Each needs a file descriptor. A process without
 * free descriptors can neither reach its database again nor reopen its log files.
 *
 * @param requested `max_connections`
 * @param limit how many descriptors the process may open; `undefined` if unknown
 */
export function maxOpenConnections(requested: number, limit: number | undefined): number {
  return limit === undefined ? requested : Math.max(1, Math.min(requested, limit - RESERVED));
}

/** Returns how many files this process may open after Node raised its limit; `undefined` except on Linux. */
export function descriptorLimit(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files +([0-9]+)/m.exec(limits)?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** Returns a sentence for the log if `max_connections` exceeds the limit. */
export function descriptorRemark(requested: number, limit: number | undefined): string | undefined {
  if (limit === undefined || limit >= requested) return undefined;
  const maxOpen = maxOpenConnections(requested, limit);
  return (
    `max_connections is ${requested}, but this process may open only ${limit} files: it closes connections ` +
    `beyond ${maxOpen}. Raise the limit (LimitNOFILE= of systemd, ulimit -n), or lower max_connections.`
  );
}
