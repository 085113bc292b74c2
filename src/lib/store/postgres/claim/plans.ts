import postgres from 'postgres';
import type {Pool} from '../connection/pool.js';
import {tableSize} from '../statements.js';

/** The time between two looks at the size of the table, in milliseconds. */
const LOOK_INTERVAL_MS = 1000;

const UNDEFINED_FUNCTION = '42883';

/**
 * Makes PostgreSQL plan prepared statements again whenever the table has doubled. It keeps their plans until
 * the table is analyzed. A plan from when the table was small reads all rows, for each mode of a batch.
 */
export class Plans {
  #doublings = 0;
  #lookedAt: number;

  /** Looks at nothing if statements are not prepared, and first after a while: no plan is older then. */
  constructor({prepare}: {readonly prepare: boolean}) {
    this.#lookedAt = prepare ? performance.now() : Infinity;
  }

  /** @param table the number of the table of counters; `null` if there is none */
  async look(pool: Pool, table: number | null): Promise<void> {
    const now = performance.now();
    if (table === null || now < this.#lookedAt + LOOK_INTERVAL_MS) return;
    this.#lookedAt = now;
    try {
      const rows = (await pool.unsafe(tableSize, [table])) as unknown as readonly {pages: number | null}[];
      this.#doublings = Math.max(this.#doublings, Math.ceil(Math.log2(rows[0]?.pages ?? 1)));
    } catch (error) {
      // Another server that speaks this protocol.
      if (!(error instanceof postgres.PostgresError) || error.code !== UNDEFINED_FUNCTION) throw error;
      this.#lookedAt = Infinity;
    }
  }

  /** Returns the statement with a text that the server has not planned for a much smaller table. */
  renewed(statement: string): string {
    return `${statement} /* for 2^${this.#doublings} pages */`;
  }
}
