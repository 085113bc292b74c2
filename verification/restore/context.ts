import type {Random} from '../../test/helpers/random.js';
import type {EventLine} from '../history/line.js';
import type {Clients, Prober} from './clients.js';
import type {TrialDatabase} from './databases/database.js';
import type {Fleet} from './fleet.js';
import type {Ledger} from './ledger.js';

/** Everything that one run works with, apart from the operator. */
export interface TrialContext {
  readonly random: Random;
  readonly database: TrialDatabase;
  readonly fleet: Fleet;
  readonly machines: number;
  readonly ledger: Ledger;
  readonly prober: Prober;
  readonly clients: Clients;
  readonly append: (event: EventLine) => void;
  readonly tell: (what: string) => void;
  readonly wrong: (what: string) => void;
}
