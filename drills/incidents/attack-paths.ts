import { call } from '../../tests/customer.ts';
import type { Incident } from '../drill.ts';
import { again } from '../ways.ts';

/** What scanners ask for first. */
const paths = [
  '/download?file=../../../../etc/passwd',
  '/.env',
  '/static/..%5c..%5cwindows%5cwin.ini',
  '/view?page=%2e%2e%2f%2e%2e%2f.ssh%2fid_rsa',
  '/etc/shadow',
];
let asked = 0;

export const incident: Incident = {
  what: 'Scans for files that can be read by their paths, from one address.',
  by: again(200, () => call('GET', paths[asked++ % paths.length] ?? '/')),
  raises: { alertname: 'DirectoryTraversalAttempts', labels: { address: /^[\da-f]/ } },
  seconds: 40,
};
