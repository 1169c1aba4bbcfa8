import { compose } from '../../tests/stack.ts';
import type { Incident } from '../drill.ts';
import { again } from '../ways.ts';

export const incident: Incident = {
  what: 'Starts the container of the traffic anew every 20 seconds.',
  // As often as cAdvisor can tell one start from the next.
  by: again(20_000, () => compose('restart', 'traffic')),
  raises: { alertname: 'ContainerRestarting', labels: { service: 'traffic' } },
  seconds: 150,
  needs: 'traffic',
};
