// Part of the program, because docs/ may not be installed. A test compares docs/schemas/ with it.

export type Json = Readonly<Record<string, unknown>>;

/** The answer of `GET /getid` as JSON Schema; the same as docs/schemas/getid.json. */
export const rangeSchema: Json = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'uniqueid getid --json, and the answer of GET /getid',
  type: 'object',
  properties: {
    endIndex: {
      type: 'integer',
      description: 'The last integer of the range; -2 for an empty one.',
      minimum: -2,
    },
    startIndex: {
      type: 'integer',
      description: 'The first integer of the range; -1 for an empty one.',
      minimum: -1,
    },
  },
  required: ['endIndex', 'startIndex'],
  additionalProperties: false,
};

/** The answer of `GET /status` as JSON Schema; the same as docs/schemas/status.json. */
export const statusSchema: Json = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'uniqueid status --json, and the answer of GET /status',
  type: 'object',
  properties: {
    version: {
      type: 'string',
      description: 'Of UniqueID.',
    },
    service: {
      type: 'object',
      description: 'Only of a running service.',
      properties: {
        url: {
          type: 'string',
        },
        uptimeSeconds: {
          type: 'number',
          minimum: 0,
        },
      },
      required: ['uptimeSeconds'],
      additionalProperties: false,
    },
    database: {
      type: 'object',
      properties: {
        kind: {
          type: 'string',
          enum: ['sqlite', 'postgresql', 'mysql'],
        },
        location: {
          type: 'string',
          description: 'Path or URL, without the password.',
        },
        identity: {
          type: ['string', 'null'],
          description:
            'The same in two documents only if they are of one database; changes when a server of PostgreSQL restarts. Null if the database cannot tell.',
          pattern: '^[0-9a-f]{16}$',
        },
        schema: {
          type: ['string', 'null'],
          description:
            'The schema that the tables in use lie in; null if the database has no schemas, or the tables are missing.',
        },
        product: {
          type: 'string',
        },
        sizeBytes: {
          type: ['integer', 'null'],
          minimum: 0,
        },
        durability: {
          type: 'string',
          description: 'The settings in force that decide whether a commit survives power loss.',
        },
        warnings: {
          type: 'array',
          items: {
            type: 'string',
          },
        },
      },
      required: ['kind', 'location', 'identity', 'schema', 'product', 'sizeBytes', 'durability', 'warnings'],
      additionalProperties: false,
    },
    schema: {
      type: 'object',
      properties: {
        version: {
          type: 'string',
        },
        safe: {
          type: 'boolean',
        },
        problem: {
          oneOf: [
            {
              type: 'null',
            },
            {
              type: 'object',
              properties: {
                code: {
                  type: 'string',
                  description: 'Stable; the names are in src/lib/core/errors.ts.',
                  pattern: '^[A-Z_]+$',
                },
                message: {
                  type: 'string',
                  description: 'What happened.',
                },
                hint: {
                  type: 'string',
                  description: 'What to do.',
                },
              },
              required: ['code', 'message'],
              additionalProperties: false,
            },
          ],
        },
      },
      required: ['version', 'safe', 'problem'],
      additionalProperties: false,
    },
    modes: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          mode: {
            type: 'string',
          },
          next: {
            type: ['integer', 'null'],
            description: 'The next integer to be given; null where the row holds none.',
            minimum: 0,
          },
          remaining: {
            type: ['integer', 'null'],
            description: 'How many are left.',
            minimum: 0,
          },
          usedShare: {
            type: ['number', 'null'],
            minimum: 0,
            maximum: 1,
            description: 'From 0 to 1.',
          },
          highWaterMark: {
            type: ['integer', 'null'],
            description: 'Of a running service: one more than the highest integer it has itself handed out.',
            minimum: 0,
          },
        },
        required: ['mode', 'next', 'remaining', 'usedShare'],
        additionalProperties: false,
      },
    },
    more: {
      type: 'boolean',
      description: 'Whether further modes follow after the last one listed.',
    },
  },
  required: ['version', 'database', 'schema', 'modes', 'more'],
  additionalProperties: false,
};
