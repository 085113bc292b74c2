import {Chalk} from 'chalk';
import type {Visible} from '../../lib/util/visible.js';
import {wantsColour} from './traits.js';

type Style = (text: Visible) => Visible;

/** The styles that this program uses. */
export type Colours = Readonly<Record<'bold' | 'dim' | 'red' | 'green' | 'yellow', Style>>;

/** Returns the styles for one of the two output streams; they change nothing if it wants no colour. */
export function colours(stream: NodeJS.WriteStream): Colours {
  const chalk = new Chalk({level: wantsColour(stream, process.env) ? 1 : 0});
  const style =
    (name: keyof Colours): Style =>
    (text) =>
      chalk[name](text) as Visible;
  return {
    bold: style('bold'),
    dim: style('dim'),
    red: style('red'),
    green: style('green'),
    yellow: style('yellow'),
  };
}
