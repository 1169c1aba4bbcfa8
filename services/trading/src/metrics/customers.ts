import { Counter, Histogram } from 'prom-client';
import type { Registry } from './registry.ts';

/** What customers say of us, and what their browsers saw. */
export function createCustomerMetrics(registry: Registry) {
  const registers = [registry];
  const webVital = new Histogram({
    name: 'web_vital_seconds',
    help: 'Web vitals that are times, as the browser saw them',
    labelNames: ['name'] as const,
    // The bounds of good and poor, and one to either side: https://web.dev/articles/vitals.
    buckets: [0.1, 0.2, 0.5, 0.8, 1.8, 2.5, 3, 4, 8],
    registers,
  });
  // There before the first one, so that no visitors and no metric can be told apart (docs/slo.md).
  webVital.zero({ name: 'LCP' });
  return {
    customerRating: new Histogram({
      name: 'customer_rating',
      help: 'How content customers say they are, from 1 to 5, each rating as it is given',
      buckets: [1, 2, 3, 4, 5],
      registers,
    }),
    webPageLoad: new Histogram({
      name: 'web_page_load_seconds',
      help: 'Time that phases of loading a page took in the browser',
      labelNames: ['page', 'phase'] as const,
      buckets: [0.1, 0.5, 2.5],
      registers,
    }),
    webVital,
    webVitalRatio: new Histogram({
      name: 'web_vital_ratio',
      help: 'Web vitals that are ratios (CLS), as the browser saw them',
      labelNames: ['name'] as const,
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1],
      registers,
    }),
    webApiCall: new Histogram({
      name: 'web_api_call_duration_seconds',
      help: 'Time of calls to the API, as the browser saw them',
      labelNames: ['route', 'status_code'] as const,
      buckets: [0.1, 0.3, 1, 3],
      registers,
    }),
    webErrors: new Counter({
      name: 'web_errors_total',
      help: 'Errors in the browser that nobody caught',
      registers,
    }),
  };
}
