import { describe, expect, it } from 'vitest';

import { link, linksInText, tidy } from './links.ts';

describe('links', () => {
  it.each([
    ['Runbook', 'http://example.com/x', 'runbook'],
    ['', 'http://localhost:8025/runbooks/ServiceDown', 'runbook'],
    ['', 'https://grafana.example/d/api-red/api?from=now-1h', 'dashboard'],
    ['', 'http://localhost:9093/#/silences/new?filter=x', 'silence'],
    ['see the dashboard', 'http://example.com/', 'dashboard'],
    ['', 'http://example.com/', 'other'],
  ])('are known by their label or address: %s %s is a %s', (label, url, kind) => {
    expect(link(label, url)).toMatchObject([{ kind, url }]);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', '/relative', 'http://', ''])(
    'are http(s) or none: %s',
    (url) => {
      expect(link('Runbook', url)).toEqual([]);
    },
  );

  it('in text end before punctuation and markup', () => {
    const text =
      'Runbook: http://a.example/x. See (http://b.example/y), "http://c.example/z" <http://d.example>';
    expect(linksInText(text).map(({ url }) => url)).toEqual([
      'http://a.example/x',
      'http://b.example/y',
      'http://c.example/z',
      'http://d.example',
    ]);
  });

  it('come once each, what to do next first, and with the better label', () => {
    const url = 'http://example.com/x';
    expect(
      tidy([...link('', url), ...link('Silence', 'http://example.com/s'), ...link('Runbook', url)]),
    ).toEqual([
      { kind: 'runbook', label: 'Runbook', url },
      { kind: 'silence', label: 'Silence', url: 'http://example.com/s' },
    ]);
  });
});
