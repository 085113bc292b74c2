import {Chalk} from 'chalk';
import type {Visible} from '../../lib/util/text/visible.js';
import {hasColour} from './traits.js';

type Style = (text: Visible) => Visible;

export type Colours = Readonly<Record<'bold' | 'dim' | 'red' | 'green' | 'yellow', Style>>;

/** Returns the styles for stdout or stderr; without colour they return the text unchanged. */
export function colours(stream: NodeJS.WriteStream): Colours {
  const chalk = new Chalk({level: hasColour(stream, process.env) ? 1 : 0});
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
