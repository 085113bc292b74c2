import type {Visible} from '../../lib/util/visible.js';

/**
 * The alternate screen, which keeps the terminal's earlier content:
 * https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
 */
const ENTER = '\u001B[?1049h\u001B[?25l';
const LEAVE = '\u001B[?25h\u001B[?1049l';
const HOME = '\u001B[H';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

export interface LiveScreen {
  /** Shows these lines from the top; leaves out those below the terminal's height. */
  readonly draw: (lines: readonly Visible[]) => void;
  /** Restores the terminal's earlier content. */
  readonly leave: () => void;
}

/** Switches the terminal to the alternate screen; any exit of the process switches it back. */
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
