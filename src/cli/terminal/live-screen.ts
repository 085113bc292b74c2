import {emitKeypressEvents, type Key} from 'node:readline';
import type {Visible} from '../../lib/util/text/visible.js';

/**
 * The alternate screen, which keeps the terminal's earlier content:
 * https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
 */
const ENTER = '\u001B[?1049h\u001B[?25l';
const LEAVE = '\u001B[?25h\u001B[?1049l';
const HOME = '\u001B[H';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

/** A pressed key: its name, or the text that it types. */
export interface PressedKey {
  readonly name: string;
  readonly text: string;
  readonly ctrl: boolean;
}

export interface LiveScreenEvents {
  readonly onKey: (key: PressedKey) => void;
  /** Called if the terminal has gone. */
  readonly onClose: () => void;
}

export interface LiveScreen {
  /** False if stdin is no terminal; then no key arrives. */
  readonly hasKeyboard: boolean;
  /** Shows these lines from the top; leaves out those below the terminal's height. */
  readonly draw: (lines: readonly Visible[]) => void;
  /** Restores the terminal's earlier content and its input. */
  readonly leave: () => void;
}

/** Switches the terminal to the alternate screen; any exit of the process switches it back. */
export function openLiveScreen(terminal: NodeJS.WriteStream, events: LiveScreenEvents): LiveScreen {
  let isOpen = true;
  const closeKeyboard = process.stdin.isTTY ? openKeyboard(process.stdin, events) : undefined;
  const leave = (): void => {
    if (!isOpen) return;
    isOpen = false;
    process.removeListener('exit', leave);
    closeKeyboard?.();
    terminal.write(LEAVE);
  };
  process.once('exit', leave);
  terminal.write(ENTER);
  return {
    hasKeyboard: closeKeyboard !== undefined,
    draw: (lines) => {
      if (!isOpen) return;
      const shown = lines.slice(0, terminal.rows);
      terminal.write(HOME + shown.map((line) => line + CLEAR_LINE).join('\n') + CLEAR_BELOW);
    },
    leave,
  };
}

/**
 * Reads single keys, without an echo.
 *
 * @returns restores the keyboard
 */
function openKeyboard(keyboard: NodeJS.ReadStream, {onKey, onClose}: LiveScreenEvents): () => void {
  const pressed = (text: string | undefined, key: Key): void => {
    const {name = '', ctrl = false, meta = false, sequence = ''} = key;
    // The terminal sends no signal in raw mode.
    if (ctrl && name === 'c') process.kill(process.pid, 'SIGINT');
    else if (meta && name !== 'escape' && sequence.length === 2) {
      // Escape and another key soon after arrive as one.
      onKey({name: 'escape', text: '', ctrl: false});
      onKey({name, text: sequence.slice(1), ctrl});
    } else onKey({name, text: text ?? '', ctrl});
  };
  // Stays until the process ends: a terminal that has gone fails once more when it is restored.
  keyboard.on('error', onClose);
  emitKeypressEvents(keyboard);
  keyboard.on('keypress', pressed);
  keyboard.once('end', onClose);
  keyboard.setRawMode(true);
  keyboard.resume();
  return () => {
    keyboard.removeListener('keypress', pressed);
    keyboard.removeListener('end', onClose);
    keyboard.setRawMode(false);
    keyboard.pause();
  };
}
