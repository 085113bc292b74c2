declare const brand: unique symbol;

/**
 * Text that may reach a terminal: it moves no cursor, starts no line, reorders no letters and hides nothing. Only
 * `visible` makes it from other text; eslint.config.js lists the modules that colour or lay it out.
 */
export type Visible = string & {readonly [brand]: true};

/**
 * Characters without a glyph: controls, formats (those of bidirectional text included), line and paragraph separators,
 * lone surrogates, and what Unicode says to draw as nothing, such as variation selectors. An exception for emoji with
 * joiners would let two names look alike, and terminals disagree on their width.
 */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** Writes hidden characters out as `\u{1b}`, which every keyboard can type; keeps all others. */
export function visible(text: string): Visible {
  return text.replaceAll(hidden, (character) => `\\u{${hex(character.codePointAt(0))}}`) as Visible;
}

/** Writes hidden characters of a JSON text out as JSON escapes: another text for the same value. */
export function visibleJson(json: string): string {
  return json.replaceAll(hidden, (character) => {
    // Between values they are white space; in strings JSON has escaped them.
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
