/** The same colour for the same thing on every dashboard. Names are Grafana's palette: they fit the light and the dark theme. */
export const GOOD = 'green';
export const WARNING = 'orange';
export const BAD = 'red';
export const NEUTRAL = 'blue';

/** Colours by series name, given as a pattern for the whole name. A series without one gets a colour made from its name. */
export type SeriesColours = Readonly<Record<string, string>>;

export const percentileColours: SeriesColours = { p50: GOOD, p95: WARNING, p99: BAD };

export const statusColours: SeriesColours = {
  '2..': GOOD,
  '3..': NEUTRAL,
  '4..': WARNING,
  '5..': BAD,
};

export const sideColours: SeriesColours = { buy: GOOD, sell: 'purple' };

export const levelColours: SeriesColours = {
  debug: 'text',
  http: NEUTRAL,
  info: GOOD,
  warn: WARNING,
  error: BAD,
};
