const prometheus = 'http://prometheus:9090';

interface Targets {
  data: {
    activeTargets: {
      health: string;
      scrapeUrl: string;
      lastError: string;
      labels: { job: string };
    }[];
  };
}

interface Alerts {
  data: {
    alerts: { state: string; labels: { alertname: string }; annotations: { summary?: string } }[];
  };
}

async function get<T>(path: string): Promise<T> {
  const response = await fetch(prometheus + path, { signal: AbortSignal.timeout(3_000) });
  if (!response.ok) throw new Error(`Prometheus answers ${response.status} to ${path}`);
  return (await response.json()) as T;
}

/** What Prometheus cannot scrape, one line each; a line of its own where it cannot be asked, or scrapes nothing. */
export async function targetTroubles(): Promise<string[]> {
  try {
    const { data } = await get<Targets>('/api/v1/targets?state=active');
    if (data.activeTargets.length === 0) return ['none has been found yet'];
    return data.activeTargets
      .filter((target) => target.health !== 'up')
      .map(
        ({ labels, scrapeUrl, health, lastError }) =>
          `${labels.job} (${scrapeUrl}) is ${health}${lastError === '' ? '' : `: ${lastError}`}`,
      );
  } catch (error) {
    return [
      `the targets cannot be listed: ${error instanceof Error ? error.message : String(error)}`,
    ];
  }
}

/** The alerts that fire now, but for Watchdog, which always does. */
export async function firingAlerts(): Promise<string[]> {
  const { data } = await get<Alerts>('/api/v1/alerts');
  return data.alerts
    .filter(({ state, labels }) => state === 'firing' && labels.alertname !== 'Watchdog')
    .map(({ labels, annotations }) => `${labels.alertname}: ${annotations.summary ?? ''}`);
}
