import {errorTable} from '../../core/errors.js';
import {version} from '../../util/version.js';
import {GETID_PATH} from '../http/target.js';
import {dashboardList as list, dashboardSchema} from './dashboard-schema.js';
import {rangeSchema, statusSchema, type Json} from './schemas.js';
import {DEFAULT_LIMIT, MAX_LIMIT} from './status.js';

const json = (schema: Json): Json => ({'application/json': {schema}});
const ref = (name: string): Json => ({$ref: `#/components/schemas/${name}`});

const failureHeaders: Json = {
  'X-Error-Code': {
    schema: {type: 'string', enum: Object.keys(errorTable)},
    description: 'The code of the error.',
  },
  'X-Request-Id': {
    schema: {type: 'string'},
    description: 'The id of the request, or a new one; identifies a failure of the service in its error log.',
  },
};

const failure = (description: string, headers: Json = {}): Json => ({
  description,
  headers: {...failureHeaders, ...headers},
  content: json(ref('Error')),
});

const unavailable = failure(
  'The database is unavailable, the queue is full, a counter went backwards, or the service shuts down.',
  {'Retry-After': {schema: {type: 'integer'}, description: 'Seconds to wait before a retry.'}},
);
const unauthorized = failure('The token is missing or unknown.');

const allocation: Json = {
  summary: 'Allocate a range of integers that no other client ever gets.',
  parameters: [
    {
      name: 'mode',
      in: 'query',
      required: true,
      description: 'The counter to allocate from; its first request creates it.',
      schema: {type: 'string', minLength: 1, maxLength: 255},
    },
    {
      name: 'range',
      in: 'query',
      required: true,
      description: 'Number of integers; 0 returns an empty range and changes nothing.',
      schema: {type: 'string', pattern: '^[0-9]+$'},
    },
    {
      name: 'X-Request-Id',
      in: 'header',
      description: 'An id that the answer repeats and the error log holds; a malformed one is ignored.',
      schema: {type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$'},
    },
  ],
  responses: {
    '200': {
      description: 'The first and the last integer of the range, both inclusive.',
      headers: {
        'X-Request-Id': {schema: {type: 'string'}, description: 'The id of the request, if it had one.'},
      },
      content: json(ref('Range')),
    },
    '400': failure('A parameter is missing, repeated or malformed.'),
    '401': unauthorized,
    '403': failure('The mode is not allowed, or requests must not create it.'),
    '405': failure('The method is not allowed; HEAD, for example, never allocates.'),
    '409': failure('Fewer integers remain than requested.'),
    '425': failure('Prefetches never allocate.'),
    '503': unavailable,
  },
};

const page: readonly Json[] = [
  {name: 'mode', in: 'query', description: 'List only this mode.', schema: {type: 'string'}},
  {name: 'after', in: 'query', description: 'List only modes after this one.', schema: {type: 'string'}},
  {
    name: 'limit',
    in: 'query',
    description: 'List at most this many modes.',
    schema: {type: 'integer', minimum: 0, maximum: MAX_LIMIT, default: DEFAULT_LIMIT},
  },
];

const paths: Json = {
  [GETID_PATH]: {get: {operationId: 'getid', ...allocation}, post: {operationId: 'postGetid', ...allocation}},
  '/status': {
    get: {
      operationId: 'status',
      summary: 'Show the database, its schema, and each mode with its next index and remaining integers.',
      parameters: page,
      responses: {
        '200': {description: 'The current status.', content: json(ref('Status'))},
        '400': failure('limit is not a whole number within its bounds.'),
        '401': unauthorized,
        '503': unavailable,
      },
    },
  },
  '/health': {
    get: {
      operationId: 'health',
      summary:
        'Check whether integers can be allocated, without allocating. Give the reason only to clients ' +
        'with a token.',
      responses: {
        '200': {description: 'Integers can be allocated.', content: json(ref('Health'))},
        '503': unavailable,
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      summary: 'Get metrics for Prometheus.',
      responses: {
        '200': {
          description: 'Metrics in the Prometheus text format.',
          content: {'text/plain': {schema: {type: 'string'}}},
        },
        '401': unauthorized,
      },
    },
  },
  '/dashboard': {
    get: {
      operationId: 'dashboard',
      summary: 'Show the service to people, in a browser; missing if the setting dashboard is off.',
      security: [],
      parameters: list,
      responses: {
        '200': {
          description: 'The page; without a token it holds no more than /health.',
          content: {'text/html': {schema: {type: 'string'}}},
        },
        '400': failure('A parameter is malformed.'),
        '503': unavailable,
      },
    },
  },
  '/dashboard.json': {
    get: {
      operationId: 'dashboardData',
      summary: 'Get the values of the page; they can change with each version, unlike /status.',
      parameters: [
        ...list,
        {name: 'mode', in: 'query', description: 'Add the history of this mode.', schema: {type: 'string'}},
        {
          name: 'since',
          in: 'query',
          description: 'Leave out samples up to this time, in milliseconds since 1970.',
          schema: {type: 'integer', minimum: 0, default: 0},
        },
      ],
      responses: {
        '200': {description: 'The current values.', content: json(ref('Dashboard'))},
        '400': failure('A parameter is malformed.'),
        '401': unauthorized,
        '403': failure('The request comes from a page of another site.'),
        '503': unavailable,
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'openapi',
      summary: 'Get this document.',
      security: [],
      responses: {'200': {description: 'An OpenAPI 3.1 document.', content: json({type: 'object'})}},
    },
  },
  '/': {
    get: {
      operationId: 'root',
      summary: 'Check whether the process is alive.',
      security: [],
      responses: {
        '200': {description: 'The process is alive.', content: json(ref('Alive'))},
        '302': {
          description: 'The process is alive; browsers, which prefer HTML, go to /dashboard.',
          headers: {Location: {schema: {type: 'string', const: 'dashboard'}}},
          content: json(ref('Alive')),
        },
      },
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
      status: {
        type: 'string',
        enum: ['ok', 'degraded'],
        description: 'degraded: a counter went backwards within the last hour and was raised.',
      },
      database: {type: 'string', description: 'Location of the database; only for clients with a token.'},
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
    summary: 'Issues ranges of unique integers.',
    license: {name: 'MIT', identifier: 'MIT'},
  },
  // A service without a tokens file accepts requests without a token.
  security: [{}, {token: []}],
  paths,
  components: {
    securitySchemes: {token: {type: 'http', scheme: 'bearer'}},
    schemas: {
      ...ownSchemas,
      Range: rangeSchema,
      Status: statusSchema,
      Dashboard: dashboardSchema(statusSchema),
    },
  },
};

/** The REST API as an OpenAPI 3.1 document. */
export const openapiText = JSON.stringify(document, undefined, 2);
