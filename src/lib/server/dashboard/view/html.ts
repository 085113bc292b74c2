/** Markup that is safe to put into a page: only `html` makes it. */
export class Html {
  readonly text: string;

  /** @param text from a template of this program, its values escaped */
  constructor(text: string) {
    this.text = text;
  }
}

type Value = Html | string | number | null | readonly Html[];

/**
 * Makes markup. Escapes every value that is not markup itself, for text and for quoted attributes, because
 * names of modes and messages are hostile text.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(parts.reduce((text, part, index) => text + markupOf(values[index - 1] ?? null) + part));
}

function markupOf(value: Value): string {
  if (value === null) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({text}) => text).join('');
  return String(value).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
