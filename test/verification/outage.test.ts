import {describe, expect, it} from 'vitest';
import {falselyHealthy, lateness, longestSpan} from '../../verification/network/outage.js';

const SECOND = 1e6;
const seconds = (...moments: readonly number[]): number[] => moments.map((each) => each * SECOND);
/** One check every second from 1; `+` answered 200. */
const checks = (text: string): {at: number; isGood: boolean}[] =>
  Array.from(text, (sign, index) => ({at: (index + 1) * SECOND, isGood: sign === '+'}));

describe('the longest time between answers', () => {
  it.each([
    {moments: seconds(1, 2, 6, 7), span: seconds(2, 6)},
    {moments: seconds(1, 2), span: seconds(2, 10)},
    {moments: [], span: seconds(0, 10)},
    // The last answer before the bounds begins the time.
    {moments: seconds(-3, 4), span: seconds(-3, 4)},
  ])('is $span for $moments', ({moments, span}) => {
    expect(longestSpan(moments, 0, 10 * SECOND)).toEqual(span);
  });
});

describe('the time of false health', () => {
  it.each([
    {answers: '---------', time: 0},
    {answers: '++-------', time: 3},
    // The last answers count for nothing: the database works again.
    {answers: '++-----++', time: 3},
    // A restarted server is healthy for a moment; before, it did not answer.
    {answers: '------+-+', time: 1},
    {answers: '+++++++++', time: 10},
  ])('is $time s for $answers', ({answers, time}) => {
    expect(falselyHealthy(checks(answers), [0, 10 * SECOND])).toBe(time * SECOND);
  });
});

describe('the lateness of a server', () => {
  it.each([
    {name: 'nothing could commit until the answer', commits: [], late: 0},
    {name: 'commits have been possible for two seconds', commits: seconds(8, 9), late: 2},
    {name: 'commits were possible twice', commits: seconds(2, 3, 8, 9), late: 2},
    {name: 'commits were possible all the time', commits: seconds(1, 2, 3, 4, 5, 6, 7, 8, 9), late: 10},
  ])('is $late s if $name', ({commits, late}) => {
    expect(lateness(commits, [0, 10 * SECOND])).toBe(late * SECOND);
  });
});
