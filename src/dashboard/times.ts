import type {Clock} from '../lib/server/dashboard/view/verdict.js';

const clock = new Intl.DateTimeFormat(undefined, {timeStyle: 'medium', hourCycle: 'h23'});
const shortClock = new Intl.DateTimeFormat(undefined, {timeStyle: 'short', hourCycle: 'h23'});
const date = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium'});

/** Formats a time in the zone of the reader, always with the same width: `14:03:22`. */
export function clockTime(at: number): string {
  return clock.format(at);
}

/** Formats hour and minute. */
export function shortTime(at: number): string {
  return shortClock.format(at);
}

export function browserClock(now: number): Clock {
  return {now, time: clockTime, date: (at) => date.format(at)};
}
