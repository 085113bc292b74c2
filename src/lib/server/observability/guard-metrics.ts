import {Counter, Gauge, type Registry} from 'prom-client';
import type {RegressionGuard} from '../../allocation/guard/regression-guard.js';

/** Adds the metrics of counters that went back, and of the file of high-water marks. */
export function addGuardMetrics(guard: RegressionGuard, registers: Registry[]): void {
  new Gauge({
    name: 'uniqueid_regressed_modes',
    help: 'Modes quarantined because their counters went backwards.',
    registers,
    collect() {
      this.set(guard.regressions().length);
    },
  });
  new Counter({
    name: 'uniqueid_regressions_total',
    help: 'Counters that went backwards: raised after an accident, or forgotten after a reset.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(guard.counts)) this.inc({outcome}, count);
    },
  });
  new Gauge({
    name: 'uniqueid_guard_file_failed',
    help: '1 while the file of high-water marks cannot be used, so that marks can be forgotten.',
    registers,
    collect() {
      this.set(guard.memory.problem === undefined ? 0 : 1);
    },
  });
  new Counter({
    name: 'uniqueid_guard_file_damaged_lines_total',
    help: 'Damaged lines of the file of high-water marks, which were ignored.',
    registers,
    collect() {
      this.reset();
      this.inc(guard.memory.damagedLines);
    },
  });
}
