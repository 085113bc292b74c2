import {describe, expect, it} from 'vitest';
import {UniqueIDError} from '../../../../src/lib/core/errors.js';
import {ModeHistories} from '../../../../src/lib/server/dashboard/mode-histories.js';
import {PollPace} from '../../../../src/lib/server/dashboard/poll-pace.js';
import {quantileOf} from '../../../../src/lib/server/dashboard/quantile.js';
import {html} from '../../../../src/lib/server/dashboard/view/html.js';
import {prefersHtml} from '../../../../src/lib/server/http/accept.js';
import {ErrorTally} from '../../../../src/lib/server/observability/error-tally.js';
import type {ModeTotals} from '../../../../src/lib/server/observability/mode-series.js';

describe('prefersHtml', () => {
  it.each([
    ['text/html', true],
    ['TEXT/HTML;Q=0.9, */*;q=0.8', true],
    ['text/*', true],
    ['text/html;level=1', true],
    ['text/html;q=0.9, application/json', false],
    ['text/html, application/json;q=0.9', true],
    ['text/html, application/*', false],
    ['*/*', false],
    ['*/*, text/html;q=0.1', false],
    ['text/html;q=2', false],
    ['text/html;q=', false],
    [',;,', false],
    ['', false],
    [undefined, false],
  ])('judges %j as %s', (accept, expected) => {
    expect(prefersHtml(accept)).toBe(expected);
  });
});

describe('quantileOf', () => {
  it('spreads values evenly within a bucket', () => {
    expect(quantileOf(0.5, [1, 2, 4], [0, 10, 0, 0])).toBe(1.5);
    expect(quantileOf(0.99, [1, 2, 4], [50, 50, 0, 0])).toBeCloseTo(1.98);
    expect(quantileOf(0.5, [1, 2, 4], [0, 0, 0, 5])).toBe(4);
    expect(quantileOf(0.5, [1, 2, 4], [0, 0, 0, 0])).toBeUndefined();
  });
});

describe('html', () => {
  it('escapes every value but markup', () => {
    expect(html`<b title="${'"<>&\''}">${'<i>'}${html`<u>${1}</u>`}${null}${[html`<s>`]}</b>`.text).toBe(
      '<b title="&#34;&#60;&#62;&#38;&#39;">&#60;i&#62;<u>1</u><s></b>',
    );
  });
});

describe('ErrorTally', () => {
  const error = new UniqueIDError('DATABASE_BUSY', 'The database is busy.');
  const minute = 60_000;

  it('forgets errors after an hour, minute by minute', () => {
    const tally = new ErrorTally();
    const start = 1_000_000 * minute;
    tally.record(error, 'a', start);
    tally.record(error, 'b', start + 30 * minute);
    expect(tally.summaries(start + 59 * minute)).toMatchObject([{count: 2, requestId: 'b', status: 503}]);
    expect(tally.summaries(start + 60 * minute)).toMatchObject([{count: 1}]);
    expect(tally.summaries(start + 90 * minute)).toEqual([]);
    tally.record(error, 'c', start + 500 * minute);
    expect(tally.summaries(start + 500 * minute)).toMatchObject([{count: 1}]);
  });

  it('keeps bounded texts', () => {
    const tally = new ErrorTally();
    tally.record(new UniqueIDError('INVALID_MODE', 'x'.repeat(100_000)), 'a');
    expect(tally.summaries()[0]?.message.length).toBeLessThan(1000);
  });
});

describe('ModeHistories', () => {
  const totals = (ids: number): ModeTotals => ({allocations: 1, ids, next: BigInt(ids), sampledIds: 0});

  it('keeps 15 minutes of each mode, the newest last', () => {
    const histories = new ModeHistories();
    const file = totals(0);
    for (let second = 1; second <= 1000; second++) {
      file.ids += second;
      histories.sample([['file', file]], 1);
    }
    expect(histories.watch('file', 2)).toEqual([999, 1000]);
    expect(histories.watch('file', 5000)).toHaveLength(900);
    expect(histories.watch('other', 2)).toEqual([0, 0]);
    expect(histories.spark('file')).toHaveLength(30);
    expect(histories.spark('other')).toEqual([]);
  });

  it('gives the place of an idle mode to a busy one, and never grows', () => {
    const histories = new ModeHistories();
    const modes = Array.from({length: 256}, (_, index) => [`m${index}`, totals(1)] as [string, ModeTotals]);
    histories.sample(modes, 1);
    for (let second = 0; second < 60; second++) histories.sample([], 1);
    expect(histories.spark('m0')).not.toEqual([]);
    histories.sample([['new', totals(7)]], 1);
    expect(histories.watch('new', 3)).toEqual([0, 0, 7]);
    expect(histories.spark('m0')).toEqual([]);
    expect(histories.spark('m1')).not.toEqual([]);
  });

  it('records each mode whose chart is open, and does not take the time before for idle', () => {
    const histories = new ModeHistories();
    const modes = Array.from({length: 1000}, (_, index) => [`m${index}`, totals(1)] as [string, ModeTotals]);
    const sample = (): void => {
      for (const [, each] of modes) each.ids += 5;
      histories.sample(modes, 1);
    };
    sample();
    expect(histories.watch('m255', 1)).toEqual([6]);
    expect(histories.watch('m999', 1)).toEqual([null]);
    sample();
    expect(histories.watch('m999', 2)).toEqual([null, 5]);
    for (let second = 0; second < 100; second++) {
      sample();
      histories.watch('m999', 1);
    }
    histories.watch('m998', 1);
    expect(histories.watch('m999', 2)).toEqual([5, 5]);
  });
});

describe('PollPace', () => {
  /** Returns the times at which some pages ask, over some seconds. */
  const timesOf = (pages: number, seconds: number): number[] => {
    const pace = new PollPace();
    const due = Array.from({length: pages}, (_, index) => index / 1000);
    const times: number[] = [];
    for (;;) {
      const now = Math.min(...due);
      if (now >= seconds * 1000) return times;
      times.push(now);
      due[due.indexOf(now)] = now + pace.next(now);
    }
  };

  it('lets ten pages ask once per second each, and more of them ten times per second together', () => {
    for (const [pages, perSecond] of [
      [1, 1],
      [7, 7],
      [10, 10],
      [50, 10],
      [79, 10],
      [800, 100],
    ] as const)
      expect(Math.round(timesOf(pages, 90).filter((at) => at >= 10_000).length / 80)).toBe(perSecond);
  });

  it('spreads pages that ask at the same time, and forgets closed pages', () => {
    const pace = new PollPace();
    const all = Array.from({length: 50}, () => pace.next(0));
    expect(new Set(all).size).toBe(50);
    expect(Math.max(...all)).toBe(1000 + 49 * 100);
    expect(pace.next(6000)).toBe(1000);
    expect(Math.max(...Array.from({length: 1000}, () => pace.next(6000)))).toBe(8000);
  });
});
