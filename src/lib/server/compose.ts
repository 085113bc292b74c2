import type {RequestListener} from 'node:http';
import {Allocator} from '../allocation/allocator.js';
import {markLimit} from '../allocation/marks/high-water-marks.js';
import {MarkWatch} from '../allocation/guard/mark-watch.js';
import {marksFileOf} from '../allocation/memory/open.js';
import type {Settings} from '../config/settings.js';
import type {Store} from '../store/store.js';
import {reservedHeaders, ResponseWriter, type AccessRecorder} from './http/response-writer.js';
import {Dashboard, type DashboardDeps} from './dashboard/dashboard.js';
import {DashboardPage} from './dashboard/page.js';
import {Getid} from './routes/getid.js';
import {Health} from './routes/health.js';
import {HostCheck} from './http/host-check.js';
import {Lifecycle} from './lifecycle.js';
import {createRouter, type RouteDeps} from './router.js';
import {HighestCounters} from './observability/highest-counters.js';
import {Metrics} from './observability/metrics.js';
import {ErrorTally} from './observability/error-tally.js';
import {Rejections, type FailureRecorder} from './http/rejections.js';
import {ServiceStatus} from './routes/status.js';
import {Tokens} from './http/tokens.js';

/** Observers of a service. */
export interface ApiHooks {
  /** Called with each answer. */
  readonly access?: AccessRecorder | undefined;
  /** True if `access` needs the time of arrival. */
  readonly timesRequests?: boolean;
  /** Called with each failure of the service itself; `X-Request-Id` of the answer holds the id. */
  readonly failure: FailureRecorder;
  /** Called with each event that an operator should know of, in one sentence or two. */
  readonly warn?: (text: string) => void;
  /** Counts the lines that the logs could not write. */
  readonly droppedLogLines?: () => number;
}

/** The REST API on one store, for any server of `node:http`. */
export interface Api {
  readonly listener: RequestListener;
  readonly routes: RouteDeps;
  /** Sentences about settings that have no effect. */
  readonly remarks: readonly string[];
  /**
   * Reads the tokens again; the returned function puts them into effect.
   *
   * @throws UniqueIDError `CONFIG_INVALID`
   */
  readTokens(): () => void;
  /** Sets the address that the service really listens on; call it before any request arrives. */
  setAddress(address: string): void;
  /** Shows the count of open connections on the dashboard. */
  watchConnections(count: () => Promise<number>): void;
  /** Waits for all accepted requests; leaves the store open. */
  finish(): Promise<void>;
}

/** @throws UniqueIDError `CONFIG_INVALID` if the tokens cannot be read */
export function compose(settings: Settings, store: Store, hooks: ApiHooks): Api {
  const tokens = settings.tokensFile === undefined ? undefined : new Tokens(settings.tokensFile);
  const {headers, remarks} = extraHeaders(settings);
  const lifecycle = new Lifecycle();
  const writer = new ResponseWriter(headers, lifecycle, hooks.access, hooks.timesRequests);
  const {allocator, metrics, highest} = measuredAllocator(settings, store, hooks);
  const watch = new MarkWatch(store, allocator.guard, settings.firstIndex).start();
  const health = new Health(store, allocator, lifecycle);
  const errors = new ErrorTally();
  const rejections = new Rejections(metrics, errors, hooks.failure);
  const dashboard = openDashboard(settings, {store, allocator, health, metrics, highest, errors});
  const hosts = new HostCheck(settings.allowedHosts);
  const getid = new Getid({allocator, tokens, maxRange: settings.maxRange});
  const routes = {
    store,
    status: new ServiceStatus(store, allocator, highest),
    health,
    metrics,
    dashboard: dashboard && new DashboardPage(dashboard, health, tokens !== undefined),
    tokens,
    getid,
    rejections,
    hosts,
    writer,
    lifecycle,
  };
  return {
    listener: createRouter(routes),
    routes,
    remarks,
    readTokens: () => tokens?.read() ?? (() => undefined),
    setAddress: hosts.setAddress.bind(hosts),
    watchConnections: (count) => dashboard?.watchConnections(count),
    finish: () => {
      dashboard?.close();
      return finishAllocations(allocator, watch);
    },
  };
}

/** Waits for all accepted requests, and keeps their high-water marks. */
async function finishAllocations(allocator: Allocator, watch: MarkWatch): Promise<void> {
  await allocator.close();
  await watch.stop();
  await allocator.guard.memory.close({sync: true});
}

/** Returns `undefined` if the setting turns the dashboard off. */
function openDashboard(
  {dashboard, maxQueue}: Settings,
  deps: Omit<DashboardDeps, 'maxQueue'>,
): Dashboard | undefined {
  return dashboard ? new Dashboard({...deps, maxQueue}) : undefined;
}

function measuredAllocator(
  settings: Settings,
  store: Store,
  {droppedLogLines, warn}: ApiHooks,
): {allocator: Allocator; metrics: Metrics; highest: HighestCounters} {
  const highest = new HighestCounters(store);
  const metrics = new Metrics(highest);
  const {allowedModes, createModes, maxModes} = settings;
  const allocator = new Allocator(store, {
    ...settings,
    policy: {allowedModes, createModes, maxModes},
    observer: metrics.observer,
    warn,
    marksFile: marksFileOf(settings, {maxModes: markLimit(settings.maxModes)}),
  });
  metrics.watch(allocator);
  if (droppedLogLines !== undefined) metrics.watchLogs(droppedLogLines);
  return {allocator, metrics, highest};
}

/** Returns the configured headers that have an effect, and a sentence for each that has none. */
export function extraHeaders({responseHeadersOn, responseHeaders}: Settings): {
  headers: readonly (readonly [string, string])[];
  remarks: readonly string[];
} {
  const configured = responseHeadersOn ? responseHeaders : [];
  const isReserved = ([name]: readonly [string, string]): boolean =>
    reservedHeaders.includes(name.toLowerCase());
  // Pacifica's own file sets the content type that every answer has anyway.
  const isDifferent = ([name, value]: readonly [string, string]): boolean =>
    `${name}: ${value}`.toLowerCase() !== 'content-type: application/json';
  return {
    headers: configured.filter((header) => !isReserved(header)),
    remarks: configured
      .filter((header) => isReserved(header) && isDifferent(header))
      .map(
        ([name]) =>
          `Header ${name} in tools.response_headers.headers has no effect: UniqueID sets it itself.`,
      ),
  };
}
