import {otherVariables} from '../../lib/config/environment.js';
import {settings, type Setting} from '../../lib/config/settings.js';
import type {HelpEntry} from './entries.js';

interface Variable {
  readonly name: string;
  readonly meaning: string;
  readonly default: string | null;
  readonly unit: string | null;
  /** The key and section of the file that sets the same; `null` if no file does. */
  readonly key: string | null;
  readonly section: string | null;
  /** The flag that overrides the variable. */
  readonly flag: string | null;
}

export function variableList(): readonly Variable[] {
  const list: readonly Setting[] = Object.values(settings);
  return [
    ...list.map((setting) => ({
      name: setting.env,
      // The descriptions are Markdown.
      meaning: setting.description.replaceAll('`', ''),
      default: setting.default,
      unit: setting.unit ?? null,
      key: setting.key,
      section: setting.section,
      flag: setting.flag === undefined ? null : `--${setting.flag}`,
    })),
    ...Object.entries(otherVariables).map(([name, {meaning, flag}]) => ({
      name,
      meaning,
      default: null,
      unit: null,
      key: null,
      section: null,
      flag,
    })),
  ];
}

export function variableTexts(): readonly HelpEntry[] {
  return variableList().map(({name, meaning, default: value, unit, key, section, flag}) => {
    const shown = value === null || value === '' ? undefined : `Default: ${value}${unit ? ` ${unit}` : ''}.`;
    const places = [key === null ? [] : [`${key} in [${section}]`], flag === null ? [] : [flag]].flat();
    const also = places.length === 0 ? undefined : `Also: ${places.join(', ')}.`;
    return {title: name, text: [meaning, shown, also].filter((each) => each !== undefined).join(' ')};
  });
}
