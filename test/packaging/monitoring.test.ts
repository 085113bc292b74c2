import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {settings} from '../../src/lib/config/settings.js';
import {startServer} from '../helpers/programs/cli.js';
import {ask} from '../helpers/network/http.js';
import {needs} from '../helpers/run/needs.js';
import {makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

interface Target {
  readonly expr: string;
  readonly datasource: {readonly type: string; readonly uid: string};
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {readonly x: number; readonly y: number; readonly w: number; readonly h: number};
  readonly targets?: readonly Target[];
}

interface Dashboard {
  readonly id: null;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly annotations: {readonly list: readonly Target[]};
  readonly templating: {readonly list: readonly {name: string; type: string; query: unknown}[]};
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: {readonly severity: string};
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

const monitoring = join(root, 'docs', 'monitoring');
const alertsFile = join(monitoring, 'alerts.yml');
const dashboard = JSON.parse(readFileSync(join(monitoring, 'grafana-dashboard.json'), 'utf8')) as Dashboard;
const alerts = (parse(readFileSync(alertsFile, 'utf8')) as Rules).groups.flatMap(({rules}) => rules);
const targets = [...dashboard.panels.flatMap((panel) => panel.targets ?? []), ...dashboard.annotations.list];

/** Runs the program that comes with Prometheus; throws its output if it finds a fault. */
function promtool(args: readonly string[], input = ''): string {
  return execFileSync('promtool', args, {encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe']});
}

/** Returns the metrics of a service after one event of each counted kind. */
async function realMetrics(): Promise<string> {
  const cwd = makeWorkspace();
  const {url} = await startServer(['--sync'], {cwd});
  const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
  await ask(url, '/getid?mode=file&range=10');
  await ask(url, '/getid?mode=file');
  await database.execute('UPDATE uniqueindex SET "index" = 5');
  await ask(url, '/getid?mode=file&range=1');
  await database.execute('DROP TABLE uniqueindex');
  await ask(url, '/getid?mode=other&range=1');
  return (await ask(url, '/metrics')).body;
}

/** Returns the names of the metrics in an expression. */
function metricsOf(expr: string): string[] {
  return [...expr.matchAll(/\b(?:uniqueid|process|nodejs)_[a-z0-9_]+/g)].map(([name]) => name);
}

it('dashboard and alerts use exactly the metrics of the service, with existing labels', async () => {
  const text = await realMetrics();
  const named = [...targets, ...alerts].flatMap(({expr}) => metricsOf(expr));
  expect(new Set(named).size).toBeGreaterThan(15);
  for (const name of named) expect(text).toMatch(new RegExp(`^(?:# TYPE )?${name}[ {]`, 'm'));
  for (const [series, label] of [
    ['uniqueid_allocations_total', 'mode'],
    ['uniqueid_ids_total', 'mode'],
    ['uniqueid_remaining_share', 'mode'],
    ['uniqueid_next_index', 'mode'],
    ['uniqueid_rejected_requests_total', 'reason'],
    ['uniqueid_database_errors_total', 'code'],
  ]) {
    expect(text).toMatch(new RegExp(`^${series}\\{${label}="`, 'm'));
  }
  // The reverse: dashboard or alerts use every metric of the service.
  const exported = [...text.matchAll(/^# TYPE (uniqueid_\S+)/gm)].map(([, name = '']) => name);
  expect(exported.length).toBeGreaterThan(10);
  for (const name of exported) expect(named.join('\n')).toContain(name);
});

needs('promtool').describe('promtool', () => {
  it('finds no fault in the alerts', () => {
    expect(promtool(['check', 'rules', '--lint-fatal', alertsFile])).toContain(
      `${alerts.length} rules found`,
    );
  });

  it('confirms that each alert fires on its condition, and on no other', () => {
    const cases = join(root, 'test', 'packaging', 'alerts.test.yml');
    expect(promtool(['test', 'rules', cases])).toContain('SUCCESS');
    const text = readFileSync(cases, 'utf8');
    for (const {alert} of alerts) expect(text).toContain(`alertname="${alert}"`);
  });

  it('parses every expression of the dashboard', () => {
    const rules = targets.map(({expr}, index) => ({
      record: `dashboard:${index}`.replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? ''),
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    const file = join(makeWorkspace(), 'rules.json');
    // YAML is a superset of JSON.
    writeFileSync(file, JSON.stringify({groups: [{name: 'dashboard', rules}]}));
    expect(promtool(['check', 'rules', file])).toContain(`${targets.length} rules found`);
  });

  it('finds no fault in the metrics of the service', async () => {
    const lines = (await realMetrics()).split('\n');
    const own = lines.filter((line) => /^(?:# (?:HELP|TYPE) )?uniqueid_/.test(line));
    expect(own.length).toBeGreaterThan(50);
    expect(promtool(['check', 'metrics'], `${own.join('\n')}\n`)).toBe('');
  });
});

describe('the alerts', () => {
  it('each have a name of their own, a severity, a summary and a description', () => {
    expect(new Set(alerts.map(({alert}) => alert)).size).toBe(alerts.length);
    for (const {labels, annotations} of alerts) {
      expect(labels.severity).toMatch(/^(?:critical|warning)$/);
      expect(Object.keys(annotations)).toEqual(['summary', 'description']);
    }
  });

  it('include one at 80 % of max_queue', () => {
    const expr = alerts.find(({alert}) => alert === 'UniqueIDQueueNearFull')?.expr;
    expect(expr).toBe(`uniqueid_queue_length > ${0.8 * Number(settings.maxQueue.default)}`);
  });
});

describe('the dashboard', () => {
  it('can be imported anywhere, because its data source is a variable', () => {
    expect(dashboard.id).toBeNull();
    expect(dashboard.templating.list[0]).toMatchObject({
      name: 'datasource',
      type: 'datasource',
      query: 'prometheus',
    });
    for (const {datasource} of targets)
      expect(datasource).toEqual({type: 'prometheus', uid: '${datasource}'});
  });

  it('uses only variables that it defines', () => {
    const known = [...dashboard.templating.list.map(({name}) => name), '__rate_interval'];
    const named = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
    for (const name of named.filter((each) => each !== '__all')) expect(known).toContain(name);
  });

  it('has panels with a description that do not overlap', () => {
    const panels = dashboard.panels.filter(({type}) => type !== 'row');
    expect(new Set(dashboard.panels.map(({id}) => id)).size).toBe(dashboard.panels.length);
    for (const {title, description, targets: asked} of panels) {
      expect(description, title).toBeTruthy();
      expect(asked?.length, title).toBeGreaterThan(0);
    }
    const cells = dashboard.panels.flatMap(({gridPos: {x, y, w, h}}) =>
      Array.from({length: w * h}, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({gridPos: {x, w}}) => x + w))).toBe(24);
  });
});
