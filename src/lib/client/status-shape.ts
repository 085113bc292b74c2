import {MAX_COUNTER} from '../core/range.js';
import {errorTable} from '../core/errors.js';
import type {StatusDocument} from '../operations/status-document.js';

/** The status of a running service. */
export type ServiceStatus = StatusDocument & Required<Pick<StatusDocument, 'service'>>;

type Check = (value: unknown) => boolean;

/** Returns true if a parsed answer is a complete status of a service: every field with its type and range. */
export function isServiceStatus(document: unknown): document is ServiceStatus {
  return isStatus(document);
}

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isCount: Check = (value) => typeof value === 'bigint' && value >= 0n && value <= MAX_COUNTER;
const isSize: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isShare: Check = (value) => typeof value === 'number' && value >= 0 && value <= 1;
const isTime: Check = (value) => typeof value === 'number' && value >= 0 && value < Infinity;

const isStatus = record({
  version: isText,
  service: record({uptimeSeconds: isTime}),
  database: record({
    kind: (value) => value === 'sqlite' || value === 'postgresql' || value === 'mysql',
    location: isText,
    // A service without it only cannot be the proof for a reset.
    identity: optional(nullable(isText)),
    // Missing in answers of older services.
    schema: optional(nullable(isText)),
    product: isText,
    sizeBytes: nullable(isSize),
    durability: isText,
    warnings: list(isText),
  }),
  schema: record({
    version: isText,
    safe: isFlag,
    problem: nullable(
      record({
        code: (value) => typeof value === 'string' && Object.hasOwn(errorTable, value),
        message: isText,
        hint: optional(isText),
      }),
    ),
  }),
  // Missing in answers of older services.
  guardFile: optional(nullable(record({path: isText, ageSeconds: nullable(isSize)}))),
  modes: list(
    record({
      mode: isText,
      next: nullable(isCount),
      remaining: nullable(isCount),
      usedShare: nullable(isShare),
      highWaterMark: optional(nullable(isCount)),
      // Missing in answers of older services.
      quarantined: optional(isFlag),
      raised: optional(isFlag),
    }),
  ),
  more: isFlag,
});

/** Allows further fields: a newer service may send them. */
function record(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields);
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    checks.every(([name, check]) => check(Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined));
}

function list(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

function nullable(check: Check): Check {
  return (value) => value === null || check(value);
}

function optional(check: Check): Check {
  return (value) => value === undefined || check(value);
}
