import type {Visible} from '../../lib/util/visible.js';

/** https://invisible-island.net/xterm/ctlseqs/ctlseqs.html: the alternate screen, so that what was there before stays. */
const ENTER = '\u001B[?1049h\u001B[?25l';
const LEAVE = '\u001B[?25h\u001B[?1049l';
const HOME = '\u001B[H';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

/** A screen that is drawn again and again in place. */
export interface LiveScreen {
  /** Shows these lines; what does not fit the height is left out at the end. */
  readonly draw: (lines: readonly Visible[]) => void;
  /** Gives the terminal back as it was. */
  readonly leave: () => void;
}

/** Takes over a terminal; it is given back at the end of the process too, however that comes. */
export function openLiveScreen(terminal: NodeJS.WriteStream): LiveScreen {
  let isOpen = true;
  const leave = (): void => {
    if (!isOpen) return;
    isOpen = false;
    process.removeListener('exit', leave);
    terminal.write(LEAVE);
  };
  process.once('exit', leave);
  terminal.write(ENTER);
  return {
    draw: (lines) => {
      const shown = lines.slice(0, terminal.rows);
      terminal.write(HOME + shown.map((line) => line + CLEAR_LINE).join('\n') + CLEAR_BELOW);
    },
    leave,
  };
}
