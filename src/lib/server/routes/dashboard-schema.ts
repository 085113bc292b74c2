import {orders} from '../../operations/orders.js';
import type {Json} from './schemas.js';

const text: Json = {type: 'string'};
const number: Json = {type: 'number', minimum: 0};
const whole: Json = {type: 'integer', minimum: 0};
const optional = (schema: Json): Json => ({oneOf: [{type: 'null'}, schema]});
const digits: Json = {type: 'string', pattern: '^[0-9]+$'};
const time: Json = {type: 'integer', description: 'Milliseconds since 1970.'};

/** Describes an object with exactly these members. */
const exactly = (properties: Json): Json => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** The parameters that choose the modes of a page. */
export const dashboardList: readonly Json[] = [
  {
    name: 'find',
    in: 'query',
    description: 'List only modes whose name contains this text.',
    schema: {type: 'string', maxLength: 255},
  },
  {name: 'sort', in: 'query', description: 'The order of the modes.', schema: {type: 'string', enum: orders}},
  {name: 'page', in: 'query', description: 'The page of the list.', schema: {type: 'integer', minimum: 1}},
];

const row: Json = {
  mode: text,
  next: {...optional(digits), description: 'The next index; null if the row holds no integer.'},
  rate: {...optional(number), description: 'Integers per second; null before the second reading.'},
  usedShare: {...optional(number), description: 'Used share of all integers; null below 0.1 %.'},
  runsOutAt: {...optional(time), description: 'The end at this rate; null if not within ten years.'},
  isWarned: {type: 'boolean'},
  isQuarantined: {type: 'boolean'},
  isRaised: {type: 'boolean'},
  spark: {type: 'array', items: number, description: 'Integers per second, in steps of 30 seconds.'},
};

const verdict = exactly({
  state: {type: 'string', enum: ['healthy', 'degraded', 'unavailable']},
  since: optional(time),
  reasons: {type: 'array', items: exactly({code: optional(text), text, action: optional(text)})},
  quarantined: {
    type: 'array',
    items: exactly({mode: text, found: digits, highWaterMark: digits, command: text}),
  },
  quarantinedCount: whole,
});

const modes = exactly({
  total: whole,
  matching: whole,
  offset: whole,
  pageSize: whole,
  isPartial: {type: 'boolean'},
  rows: {type: 'array', items: exactly(row)},
});

/** The answer of `GET /dashboard.json` as JSON Schema, for the parts that `/status` does not have. */
export function dashboardSchema(status: Json): Json {
  const {database, schema} = status['properties'] as Record<string, Json>;
  return exactly({
    pollMs: {...whole, description: 'The milliseconds after which the page asks again.'},
    version: text,
    now: time,
    service: exactly({
      instance: text,
      uptimeSeconds: number,
      connections: optional(whole),
      queue: whole,
      maxQueue: whole,
    }),
    verdict,
    database: optional(database ?? {}),
    schema: optional(schema ?? {}),
    samples: {
      type: 'array',
      description:
        'One per second: time, integers, requests and rejections per second, p50 and p99 in milliseconds, ' +
        'requests per commit, and queue length.',
      items: {type: 'array', items: {type: ['number', 'null']}, minItems: 8, maxItems: 8},
    },
    modes: optional(modes),
    mode: optional(
      exactly({...row, history: {type: 'array', items: {type: 'array', items: optional(number)}}}),
    ),
    errors: {
      type: 'array',
      items: exactly({code: text, status: whole, count: whole, lastAt: time, message: text, requestId: text}),
    },
  });
}
