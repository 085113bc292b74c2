import {version} from '../../util/version.js';
import {rangeSchema, statusSchema, type Json} from './schemas.js';
import {DEFAULT_LIMIT, MAX_LIMIT} from './status.js';

const json = (schema: Json): Json => ({'application/json': {schema}});
const ref = (name: string): Json => ({$ref: `#/components/schemas/${name}`});

const failure = (description: string): Json => ({description, content: json(ref('Error'))});

const unavailable: Json = {
  ...failure('The database is away, the queue is full, a counter has gone backwards, or the service stops.'),
  headers: {
    'Retry-After': {schema: {type: 'integer'}, description: 'Seconds.'},
    'X-Request-Id': {schema: {type: 'string'}, description: 'By which the failure is found in the log.'},
  },
};
const unauthorized = failure('A token is asked for, and this is none.');

const allocation: Json = {
  summary: 'Take a range of integers that nobody else is ever given.',
  parameters: [
    {
      name: 'mode',
      in: 'query',
      required: true,
      description: 'The counter; created by its first request.',
      schema: {type: 'string', minLength: 1, maxLength: 255},
    },
    {
      name: 'range',
      in: 'query',
      required: true,
      description: 'How many; 0 answers an empty range and touches nothing.',
      schema: {type: 'string', pattern: '^[0-9]+$'},
    },
  ],
  responses: {
    '200': {description: 'The range, first and last integer inclusive.', content: json(ref('Range'))},
    '400': failure('A parameter is missing, repeated or not well-formed.'),
    '401': unauthorized,
    '403': failure('The mode is not allowed, or may not be created.'),
    '405': failure('Another method, such as HEAD, which never allocates.'),
    '409': failure('Fewer integers remain than were asked for.'),
    '425': failure('A prefetch never allocates.'),
    '503': unavailable,
  },
};

const page: readonly Json[] = [
  {name: 'mode', in: 'query', description: 'This mode alone.', schema: {type: 'string'}},
  {name: 'after', in: 'query', description: 'Only modes after this one.', schema: {type: 'string'}},
  {
    name: 'limit',
    in: 'query',
    description: 'So many modes at most.',
    schema: {type: 'integer', minimum: 0, maximum: MAX_LIMIT, default: DEFAULT_LIMIT},
  },
];

const paths: Json = {
  '/getid': {get: {operationId: 'getid', ...allocation}, post: {operationId: 'postGetid', ...allocation}},
  '/status': {
    get: {
      operationId: 'status',
      summary: 'The database, its schema, and each mode with its next index and what remains.',
      parameters: page,
      responses: {
        '200': {description: 'The state now.', content: json(ref('Status'))},
        '400': failure('limit is no such number.'),
        '401': unauthorized,
        '503': unavailable,
      },
    },
  },
  '/health': {
    get: {
      operationId: 'health',
      summary: 'Whether integers can be had; never allocates. The reason only with a token.',
      responses: {'200': {description: 'They can.', content: json(ref('Health'))}, '503': unavailable},
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      summary: 'Metrics for Prometheus.',
      responses: {
        '200': {description: 'The text format.', content: {'text/plain': {schema: {type: 'string'}}}},
        '401': unauthorized,
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'openapi',
      summary: 'This document.',
      security: [],
      responses: {'200': {description: 'OpenAPI 3.1.', content: json({type: 'object'})}},
    },
  },
  '/': {
    get: {
      operationId: 'root',
      summary: 'Whether the process is alive.',
      security: [],
      responses: {'200': {description: 'It is.', content: json(ref('Alive'))}},
    },
  },
};

const ownSchemas: Json = {
  Error: {
    type: 'object',
    properties: {
      status: {type: 'string', pattern: '^[1-5][0-9]{2} '},
      message: {type: 'string'},
      traceback: {type: 'string', const: ''},
      version: {type: 'string'},
    },
    required: ['status', 'message', 'traceback', 'version'],
    additionalProperties: false,
  },
  Health: {
    type: 'object',
    properties: {
      status: {type: 'string', const: 'ok'},
      database: {type: 'string', description: 'With a token.'},
    },
    required: ['status'],
    additionalProperties: false,
  },
  Alive: {
    type: 'object',
    properties: {message: {type: 'string'}},
    required: ['message'],
    additionalProperties: false,
  },
};

const document = {
  openapi: '3.1.0',
  info: {
    title: 'UniqueID',
    version,
    summary: 'Hands out ranges of unique integers.',
    license: {name: 'MIT', identifier: 'MIT'},
  },
  // A service without a tokens file accepts requests without a token.
  security: [{}, {token: []}],
  paths,
  components: {
    securitySchemes: {token: {type: 'http', scheme: 'bearer'}},
    schemas: {...ownSchemas, Range: rangeSchema, Status: statusSchema},
  },
};

/** The REST API as an OpenAPI 3.1 document. */
export const openapiText = JSON.stringify(document, undefined, 2);
