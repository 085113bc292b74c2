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
      description: 'The last integer of the range; -2 for an empty range.',
      minimum: -2,
    },
    startIndex: {
      type: 'integer',
      description: 'The first integer of the range; -1 for an empty range.',
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
      description: 'The version of UniqueID.',
    },
    service: {
      type: 'object',
      description: 'Present only if a running service answers.',
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
            'Equal in two documents only if they describe the same database. ' +
            'Changes when a PostgreSQL server restarts. Null if unknown.',
          pattern: '^[0-9a-f]{16}$',
        },
        schema: {
          type: ['string', 'null'],
          description:
            'The schema of the tables in use; null if the database has no schemas or the tables are missing.',
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
          description: 'The settings in effect that decide whether a commit survives power loss.',
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
                  description: 'Stable; docs/use/rest-api.md lists the codes.',
                  pattern: '^[A-Z_]+$',
                },
                message: {
                  type: 'string',
                  description: 'What failed.',
                },
                hint: {
                  type: 'string',
                  description: 'Advice to the reader.',
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
            description: 'The next integer to issue; null if the row holds no integer.',
            minimum: 0,
          },
          remaining: {
            type: ['integer', 'null'],
            description: 'Integers left.',
            minimum: 0,
          },
          usedShare: {
            type: ['number', 'null'],
            minimum: 0,
            maximum: 1,
            description: 'Used share of all integers, from 0 to 1.',
          },
          quarantined: {
            type: 'boolean',
            description:
              'Only from a running service: true if it issues no integers of the mode, because its counter ' +
              'went backwards.',
          },
          raised: {
            type: 'boolean',
            description:
              'Only from a running service: true if it raised the counter within the last hour, because it ' +
              'had gone backwards.',
          },
          highWaterMark: {
            type: ['integer', 'null'],
            description:
              'Only from a running service: one more than the highest integer that it knows to be issued.',
            minimum: 0,
          },
        },
        required: ['mode', 'next', 'remaining', 'usedShare'],
        additionalProperties: false,
      },
    },
    guardFile: {
      type: ['object', 'null'],
      description: 'The file of high-water marks on this machine; null without one.',
      properties: {
        path: {type: 'string'},
        ageSeconds: {
          type: ['integer', 'null'],
          description: 'The time since the last write; null if there is no file yet.',
          minimum: 0,
        },
      },
      required: ['path', 'ageSeconds'],
      additionalProperties: false,
    },
    more: {
      type: 'boolean',
      description: 'True if further modes follow the last one listed.',
    },
  },
  required: ['version', 'database', 'schema', 'modes', 'more'],
  additionalProperties: false,
};
