import type {Fault} from '../arena.js';
import {connectionFaults} from './connections.js';
import {databaseFaults} from './databases.js';
import {operatorFaults} from './operators.js';
import {resourceFaults} from './resources.js';
import {serverFaults} from './servers.js';

/** Every fault that the torture knows. */
export const allFaults: readonly Fault[] = [
  ...serverFaults,
  ...databaseFaults,
  ...connectionFaults,
  ...resourceFaults,
  ...operatorFaults,
];
