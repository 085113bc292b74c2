import type {Config} from '../../lib/config/resolve.js';
import {redactDatabaseUrl} from '../../lib/config/database-url.js';
import {settings, type SettingName} from '../../lib/config/settings.js';

/** A setting with its value as text and its origin. */
export interface SettingSource {
  readonly setting: string;
  readonly value: string;
  readonly source: string;
}

/** Lists every setting in the order of the files, without the database's password. */
export function settingSources({settings: values, texts, origins}: Config): SettingSource[] {
  return (Object.keys(settings) as SettingName[]).map((name) => ({
    setting: settings[name].key,
    value: name === 'databaseUrl' ? redactDatabaseUrl(values.databaseUrl) : texts[name],
    source: origins[name],
  }));
}
