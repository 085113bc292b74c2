import type {FuzzReport} from './fuzz-http.js';

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Formats a run in a few lines, for people. */
export function formatReport(report: FuzzReport): string {
  const {inputs, connections, inStep, answers, ranges, unheard, controls, memory, seconds, flaws} = report;
  const statuses = [...answers].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  return [
    `${inputs} inputs on ${connections} connections to each server in ${seconds.toFixed(0)} s`,
    `in step to the last request: ${inStep} connections; ended early by malformed input: ${connections - inStep}`,
    `answers: ${statuses.join(', ')}`,
    `ranges: ${ranges}, none issued twice; integers in answers that no client received: ${unheard}`,
    `well-formed requests beside them, all answered: ${controls}`,
    `memory: ${mebibytes(memory.early)} after the second tenth, ${mebibytes(memory.end)} at the end`,
    flaws.length === 0 ? 'nothing is wrong' : `WRONG:\n${flaws.join('\n')}`,
  ].join('\n');
}
