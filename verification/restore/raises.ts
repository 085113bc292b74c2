/** Counts the records of a log that report a counter which was raised to its high-water mark. */
export function countRaises(log: string): number {
  return log.split('COUNTER_RAISED').length - 1;
}
