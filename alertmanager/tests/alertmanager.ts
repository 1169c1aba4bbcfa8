// A real Alertmanager with the shipped configuration, started as the compose file starts it, and a world outside for it to tell.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Message } from '../../tests/lookout.ts';
import { command, getJson, root, waitFor } from '../../tests/stack.ts';

const run = promisify(execFile);

interface Service {
  image: string;
  entrypoint: string[];
  command: string[];
  environment: Record<string, string>;
}

/** A service of the compose files, with the default of every setting. */
export async function shippedService(name: string): Promise<Service> {
  const { PATH, HOME } = process.env;
  const { stdout } = await run('docker', ['compose', 'config', '--format', 'json'], {
    cwd: root,
    env: { PATH, HOME, COMPOSE_ENV_FILES: '/dev/null' },
  });
  const { services } = JSON.parse(stdout) as { services: Record<string, Service> };
  const service = services[name];
  if (service === undefined) throw new Error(`the compose files have no ${name}`);
  return service;
}

/** `configuration` with each of its durations that say when somebody is told, so many times shorter. */
export function scaled(configuration: string, factor: number): string {
  const waits = /^( *(?:group_wait|group_interval|repeat_interval)): (.+)$/gm;
  return configuration.replaceAll(waits, (_, name: string, duration: string) => {
    const [, amount = '', unit = ''] = /^(\d+)([smh])$/.exec(duration) ?? [];
    const seconds = { s: 1, m: 60, h: 3600 }[unit];
    if (seconds === undefined) throw new Error(`${name} ${duration} is not like 10s, 5m or 4h`);
    return `${name}: ${Math.ceil((Number(amount) * seconds * 1000) / factor)}ms`;
  });
}

export interface Outside {
  httpPort: number;
  smtpPort: number;
  /** What arrived, oldest first. */
  messages: () => Promise<Message[]>;
  /** What came that Slack, PagerDuty, SNS or a mail server would have refused: the lines of its log. */
  refused: () => Promise<string[]>;
  heartbeat: () => Promise<{ state: string }>;
  stop: () => Promise<void>;
}

/**
 * Starts a world outside and an Alertmanager that tells it everything, by the shipped configuration and settings; the times
 * before somebody is told are `faster` times shorter.
 */
export async function rehearse(options: {
  faster: number;
  settings?: Record<string, string>;
}): Promise<{ outside: Outside; alertmanager: Alertmanager; stop: () => Promise<void> }> {
  const outside = await startOutside();
  try {
    const { httpPort, smtpPort } = outside;
    const settings = {
      SLACK_WEBHOOK_URL: `http://outside:${httpPort}/slack/services/demo`,
      PAGERDUTY_URL: `http://outside:${httpPort}/v2/enqueue`,
      SNS_URL: `http://outside:${httpPort}`,
      SMTP_SMARTHOST: `outside:${smtpPort}`,
      HEARTBEAT_URL: `http://outside:${httpPort}/heartbeat`,
      ...options.settings,
    };
    const alertmanager = await startAlertmanager({ faster: options.faster, settings });
    const stop = async () => {
      await alertmanager.stop();
      await outside.stop();
    };
    return { outside, alertmanager, stop };
  } catch (error) {
    await outside.stop();
    throw error;
  }
}

/** services/outside as a process of its own, on free ports. */
async function startOutside(): Promise<Outside> {
  const [httpPort = 0, smtpPort = 0] = await freePorts(2);
  const { PATH } = process.env;
  const child = spawn(process.execPath, [join(root, 'services/outside/src/main.ts')], {
    env: { PATH, PORT: String(httpPort), SMTP_PORT: String(smtpPort), LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  const url = `http://127.0.0.1:${httpPort}`;
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  try {
    await waitFor('the world outside', 60, async () => (await fetch(`${url}/health/ready`)).ok);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    httpPort,
    smtpPort,
    messages: async () =>
      ((await getJson(`${url}/api/messages?limit=1000`)) as Message[]).toReversed(),
    refused: async () => {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      return metrics
        .split('\n')
        .filter((line) => /^outside_messages_total\{.*outcome="refused".*\} [1-9]/.test(line))
        .flatMap((line) => [line, ...lines.filter((text) => text.includes('Refused'))]);
    },
    heartbeat: async () => (await getJson(`${url}/api/heartbeat`)) as { state: string },
    stop,
  };
}

export interface Alert {
  labels: Record<string, string>;
  status: { inhibitedBy: string[]; mutedBy: string[]; silencedBy: string[] };
}

export interface Alertmanager {
  /** Tells it, as Prometheus would, that alerts fire from now on. */
  fire: (...alerts: Record<string, string>[]) => Promise<void>;
  /** …and that they are over. */
  resolve: (...alerts: Record<string, string>[]) => Promise<void>;
  /** Silences the alerts of one name, as a person does by the link of a message. */
  silence: (alertname: string) => Promise<void>;
  /** The alerts it has, each as often as there are groups with it. */
  alerts: () => Promise<Alert[]>;
  /** What `GET /api/v2/status` shows of its configuration. */
  shown: () => Promise<string>;
  /** Its own metrics that count notifications which did not go through. */
  failures: () => Promise<string[]>;
  stop: () => Promise<void>;
}

/**
 * Starts the pinned Alertmanager on the shipped configuration, with the shipped settings but for `settings`, and with the times
 * before somebody is told `faster` times shorter. `docker`: further options of docker run.
 */
export async function startAlertmanager(options: {
  settings: Record<string, string>;
  faster: number;
  docker?: string[];
}): Promise<Alertmanager> {
  const folder = await copyOfConfiguration(options);
  const { image, entrypoint, command: words, environment } = await shippedService('alertmanager');
  const [program = '', ...its] = entrypoint;
  const settings = Object.entries({ ...environment, ...options.settings });
  const id = (
    await command('docker', [
      ...['run', '--detach', '--rm', '--pull=never', '--read-only', '--cap-drop=ALL'],
      ...['--tmpfs=/tmp', '--tmpfs=/alertmanager:mode=1777', '--publish=127.0.0.1::9093'],
      // The world outside runs on this machine, not in a container.
      '--add-host=outside:host-gateway',
      `--volume=${folder}:/etc/alertmanager:ro`,
      `--volume=${folder}/incidents.url:/etc/incidents.url:ro`,
      `--volume=${folder}/token:/secrets/delivery_token:ro`,
      ...settings.map(([name, value]) => `--env=${name}=${value}`),
      ...(options.docker ?? []),
      ...[`--entrypoint=${program}`, image, ...its, ...words],
    ])
  ).trim();
  const stop = async () => {
    await command('docker', ['rm', '--force', '--volumes', id]);
    await rm(folder, { recursive: true });
  };

  const url = await start(id).catch(async (error: unknown) => {
    const { stdout, stderr } = await run('docker', ['logs', id]).catch(() => ({
      stdout: '',
      stderr: 'its log is gone with it',
    }));
    await stop().catch(() => undefined);
    throw new Error(`Alertmanager did not start: ${stdout}${stderr}`, { cause: error });
  });
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`${url}/api/v2/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`POST ${path}: ${await response.text()}`);
  };
  const beganAt = new Map<string, string>();
  const tell = (alerts: Record<string, string>[], end: 'endsAt' | undefined) => {
    const now = new Date().toISOString();
    return post(
      'alerts',
      alerts.map((labels) => {
        const key = JSON.stringify(labels);
        const startsAt = beganAt.get(key) ?? now;
        beganAt.set(key, startsAt);
        return { labels, annotations: annotationsOf(labels), startsAt, ...(end && { [end]: now }) };
      }),
    );
  };
  return {
    fire: (...alerts) => tell(alerts, undefined),
    resolve: (...alerts) => tell(alerts, 'endsAt'),
    silence: (alertname) =>
      post('silences', {
        matchers: [{ name: 'alertname', value: alertname, isRegex: false, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 3600_000).toISOString(),
        createdBy: 'a test',
        comment: 'heard',
      }),
    alerts: async () => {
      const groups = (await getJson(`${url}/api/v2/alerts/groups`)) as { alerts: Alert[] }[];
      return groups.flatMap(({ alerts }) => alerts);
    },
    shown: async () => {
      const { config } = (await getJson(`${url}/api/v2/status`)) as {
        config: { original: string };
      };
      return config.original;
    },
    failures: async () => {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      return metrics
        .split('\n')
        .filter((line) => /^alertmanager_notifications_failed_total.* [1-9]/.test(line));
    },
    stop,
  };
}

/** Every annotation that our rules have. */
function annotationsOf({ alertname = '', service = 'nothing' }: Record<string, string>) {
  return {
    summary: `A test says ${alertname}.`,
    description: `${service} is at 42%.`,
    runbook_url: `http://localhost:8025/runbooks/${alertname}`,
    dashboard_url: 'http://localhost:3001/d/lookout?from=now-1h&to=now',
  };
}

async function copyOfConfiguration({
  settings,
  faster,
}: {
  settings: Record<string, string>;
  faster: number;
}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'alertmanager-'));
  const shipped = join(root, 'alertmanager');
  await cp(shipped, folder, { recursive: true });
  // Alertmanager is another user.
  await chmod(folder, 0o755);
  await writeFile(
    join(folder, 'alertmanager.yml'),
    scaled(readFileSync(join(shipped, 'alertmanager.yml'), 'utf8'), faster),
  );
  await writeFile(join(folder, 'incidents.url'), `${settings['SNS_URL'] ?? ''}/incidents`);
  await writeFile(join(folder, 'token'), 'a-token');
  return folder;
}

/** Waits until a container's Alertmanager answers, and gives its address. */
async function start(id: string): Promise<string> {
  const published = (await command('docker', ['port', id, '9093/tcp'])).split('\n')[0] ?? '';
  const url = `http://${published}`;
  await waitFor('Alertmanager', 60, async () => (await fetch(`${url}/-/ready`)).ok);
  return url;
}

/** Ports that nothing listens on. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
