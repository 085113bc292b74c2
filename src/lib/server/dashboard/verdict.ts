import type {Allocator} from '../../allocation/allocator.js';
import {mendCommand} from '../../allocation/rejections.js';
import type {UniqueIDError} from '../../core/errors.js';
import {formatInteger} from '../../util/text/numbers.js';
import type {ErrorTally} from '../observability/error-tally.js';
import type {Health} from '../routes/health.js';
import type {Reason, VerdictDocument} from './document.js';

/** Commits prove for this time that integers can be allocated; then a health check does. */
const PROOF_TTL_MS = 2000;

/** Bounds the quarantined modes in one answer. */
const MAX_QUARANTINED = 20;

/** Failed requests degrade the service for this time. */
const FAILURES_MS = 60_000;

export interface VerdictDeps {
  readonly allocator: Allocator;
  readonly health: Health;
  readonly errors: ErrorTally;
  readonly maxQueue: number;
}

/** Judges whether the service allocates, and since when it does not. */
export class VerdictWatch {
  readonly #deps: VerdictDeps;
  #problem: UniqueIDError | undefined;
  #checkedAt = -Infinity;
  /** When the last check that found no outage began. Times of this class are of the monotonic clock. */
  #provenAt = -Infinity;
  /** When the current outage began. */
  #failingSince: number | undefined;
  #check: Promise<void> | undefined;

  constructor(deps: VerdictDeps) {
    this.#deps = deps;
  }

  /** Notes since when batches fail. Costs nothing, so it runs without an open page too. */
  noteFailures(): void {
    const {allocator} = this.#deps;
    const failure = allocator.lastFailure();
    const succeededAt = Math.max(allocator.lastCommitAt, this.#provenAt);
    const isOver = succeededAt > (this.#failingSince ?? Infinity);
    if (isOver || (failure === undefined && this.#outage === undefined)) this.#failingSince = undefined;
    const failedAt = failure === undefined ? -Infinity : performance.now() - failure.agoMs;
    if (failedAt > this.#provenAt) this.#failingSince ??= failedAt;
  }

  /** Checks the service, by a commit of its own only if no other commit proves its health. */
  check(): Promise<void> {
    this.#check ??= this.#run().finally(() => {
      this.#check = undefined;
    });
    return this.#check;
  }

  async #run(): Promise<void> {
    const {allocator, health} = this.#deps;
    const now = performance.now();
    const isUndisturbed = allocator.lastFailure() === undefined && allocator.guard.regressions().length === 0;
    if (isUndisturbed && now - allocator.lastCommitAt < PROOF_TTL_MS) this.#problem = undefined;
    else if (this.#problem !== undefined || !isUndisturbed || now - this.#checkedAt >= PROOF_TTL_MS) {
      this.#problem = await health.problem();
      this.#checkedAt = now;
      if (this.#outage === undefined) this.#provenAt = now;
    }
    this.noteFailures();
    if (this.#outage !== undefined) this.#failingSince ??= now;
  }

  /** The reason why no integers can be allocated; a quarantine stops single modes alone. */
  get #outage(): UniqueIDError | undefined {
    return this.#problem?.code === 'COUNTER_REGRESSED' ? undefined : this.#problem;
  }

  get #since(): number | null {
    if (this.#failingSince === undefined) return null;
    return Math.round(Date.now() - (performance.now() - this.#failingSince));
  }

  /** @param warnings of the database */
  document(warnings: readonly string[], queueLength: number): VerdictDocument {
    const regressions = this.#deps.allocator.guard.regressions();
    const quarantined = regressions.slice(0, MAX_QUARANTINED).map((regression) => ({
      mode: regression.mode,
      found: String(regression.found),
      highWaterMark: String(regression.highWaterMark),
      command: mendCommand(regression),
    }));
    const modes = {quarantined, quarantinedCount: regressions.length};
    const outage = this.#outage;
    if (outage !== undefined) {
      return {state: 'unavailable', since: this.#since, reasons: [toReason(outage)], ...modes};
    }
    const reasons = this.#reasons(warnings, queueLength);
    const isHealthy = reasons.length === 0 && regressions.length === 0;
    return {state: isHealthy ? 'healthy' : 'degraded', since: null, reasons, ...modes};
  }

  #reasons(warnings: readonly string[], queueLength: number): readonly Reason[] {
    const {allocator, errors, maxQueue} = this.#deps;
    const reasons: Reason[] = [];
    const failure = allocator.lastFailure();
    if (failure !== undefined) reasons.push(toReason(failure.error));
    if (queueLength * 2 >= maxQueue) {
      const [waiting, most] = [queueLength, maxQueue].map((count) => formatInteger(BigInt(count)));
      const text = `${waiting} requests wait for the database; at ${most} (max_queue) more are rejected.`;
      reasons.push({code: null, text, action: 'Look at the disk and the load of the database.'});
    }
    const failed = errors.lastFailure();
    if (failed !== undefined && Date.now() - failed.lastAt < FAILURES_MS) {
      const {code, message} = failed;
      reasons.push({code, text: `Requests failed within the last minute: ${message}`, action: null});
    }
    for (const text of [...allocator.guard.warnings(), ...warnings])
      reasons.push({code: null, text, action: null});
    return reasons;
  }
}

function toReason({code, message, hint}: UniqueIDError): Reason {
  return {code, text: message, action: hint ?? null};
}
