import {redactDatabaseUrl} from '../../lib/config/database-url.js';
import type {Config, FileSearch} from '../../lib/config/resolve.js';
import {settings, type SettingName} from '../../lib/config/settings.js';
import {visible, type Visible} from '../../lib/util/text/visible.js';
import {labelled} from '../terminal/labelled.js';
import {formatTable} from '../terminal/table.js';

/** A setting with its value as text and its origin. */
export interface SettingSource {
  readonly setting: string;
  readonly value: string;
  readonly source: string;
}

/** The output of `status --config-sources --json`. */
export interface SourcesDocument {
  readonly settings: readonly SettingSource[];
  readonly files: readonly {
    readonly kind: string;
    /** The file that was read; `null` without one. */
    readonly path: string | null;
    readonly searched: readonly string[];
  }[];
}

/** Lists every setting in the order of the files, without the database's password, and both files. */
export function sourcesDocument(config: Config): SourcesDocument {
  const files = config.searches.map(({kind, used = null, searched}) => ({kind, path: used, searched}));
  return {settings: settingSources(config), files};
}

/** Formats the same for people. */
export function sourceLines(config: Config, width: number): Visible[] {
  const columns = [{title: 'SETTING'}, {title: 'VALUE', alignLeft: true}, {title: 'FROM', alignLeft: true}];
  const rows = settingSources(config).map(({setting, value, source}) => [
    setting,
    value === '' ? '-' : value,
    source,
  ]);
  return [
    ...formatTable(columns, rows, width),
    visible(''),
    ...config.searches.flatMap((search) => searchLines(search, width)),
  ];
}

function settingSources({settings: values, texts, origins}: Config): SettingSource[] {
  return (Object.keys(settings) as SettingName[]).map((name) => ({
    setting: settings[name].key,
    value: name === 'databaseUrl' ? redactDatabaseUrl(values.databaseUrl) : texts[name],
    source: origins[name],
  }));
}

function searchLines({kind, used, searched}: FileSearch, width: number): Visible[] {
  const text = used ?? `none (looked for ${searched.join(' and ')})`;
  return labelled(kind === 'config file' ? 'Config' : 'CherryPy', visible(text), width);
}
