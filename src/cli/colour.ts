import {Chalk, type ChalkInstance} from 'chalk';
import {wantsColour} from './terminal.js';

/** Colours for one of the two output streams, all of them none where it wants none. */
export function colours(stream: NodeJS.WriteStream): ChalkInstance {
  return new Chalk({level: wantsColour(stream, process.env) ? 1 : 0});
}
