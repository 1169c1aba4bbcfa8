// Breaking containers.

import { command, compose, containers, serviceOf } from '../tests/stack.ts';
import type { Way } from './drill.ts';

/** Stopped, as by somebody who meant another one. */
export function stopped(...services: string[]): Way {
  return {
    break: () => compose('stop', ...services),
    heal: () => compose('start', ...services),
  };
}

/** Killed with SIGKILL, as by the kernel when memory is short; nobody starts it again. */
export function killed(service: string): Way {
  return {
    ...stopped(service),
    break: () => compose('kill', '--signal', 'SIGKILL', service),
  };
}

/** Frozen: there, its connections open, and not answering. */
export function paused(service: string): Way {
  return {
    break: () => compose('pause', service),
    async heal() {
      const frozen = (await of(service)).filter(({ State }) => State.Status === 'paused');
      if (frozen.length > 0) await compose('unpause', service);
    },
  };
}

/** Cut off from the others: running, and nobody's name leads to it. */
export function cutOff(service: string): Way {
  /** What it was connected to, by container and network, with the names it had there. */
  const connections: { id: string; network: string; aliases: string[] }[] = [];
  return {
    async break() {
      for (const { Id: id, NetworkSettings } of await of(service)) {
        for (const [network, { Aliases }] of Object.entries(NetworkSettings.Networks)) {
          connections.push({ id, network, aliases: Aliases ?? [] });
          await command('docker', ['network', 'disconnect', network, id]);
        }
      }
    },
    async heal() {
      const there = await of(service);
      for (const { id, network, aliases } of connections) {
        const connected = there.find(({ Id }) => Id === id)?.NetworkSettings.Networks[network];
        if (connected) continue;
        const names = aliases.flatMap((alias) => ['--alias', alias]);
        await command('docker', ['network', 'connect', ...names, network, id]);
      }
    },
  };
}

async function of(service: string) {
  return (await containers()).filter((container) => serviceOf(container) === service);
}
