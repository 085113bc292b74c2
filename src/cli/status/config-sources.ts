import type {Config} from '../../lib/config/resolve.js';
import {redactDatabaseUrl} from '../../lib/config/database-url.js';
import {settings, type SettingName} from '../../lib/config/settings.js';

/** A setting, its value as text, and where it came from. */
export interface SettingSource {
  readonly setting: string;
  readonly value: string;
  readonly source: string;
}

/** Every setting in the order of the files; a database's password is not shown. */
export function settingSources({settings: values, texts, origins}: Config): SettingSource[] {
  return (Object.keys(settings) as SettingName[]).map((name) => ({
    setting: settings[name].key,
    value: name === 'databaseUrl' ? redactDatabaseUrl(values.databaseUrl) : texts[name],
    source: origins[name],
  }));
}
