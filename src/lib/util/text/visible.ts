declare const brand: unique symbol;

/**
 * Text that is safe on a terminal: it moves no cursor, starts no line, reorders no letters and hides nothing.
 * Only `visible` makes it from other text; eslint.config.js lists the modules that colour it or lay it out.
 */
export type Visible = string & {readonly [brand]: true};

/**
 * Characters without a glyph: controls, formats (including bidirectional ones), line and paragraph
 * separators, and lone surrogates. Characters that Unicode ignores by default, such as variation selectors,
 * are included.
 * Emoji with joiners are no exception: two names could look alike, and terminals disagree on their width.
 */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** Replaces hidden characters by `\u{1b}` and the like, which every keyboard can type. */
export function visible(text: string): Visible {
  return text.replaceAll(hidden, (character) => `\\u{${hex(character.codePointAt(0))}}`) as Visible;
}

/** Replaces hidden characters of a JSON text by JSON escapes; the value stays the same. */
export function visibleJson(json: string): string {
  return json.replaceAll(hidden, (character) => {
    // Between values they are white space; inside strings JSON has escaped them already.
    if (character < ' ') return character;
    return character
      .split('')
      .map((unit) => `\\u${hex(unit.charCodeAt(0)).padStart(4, '0')}`)
      .join('');
  });
}

function hex(code = 0): string {
  return code.toString(16);
}
