import { z } from 'zod';

import type { Drill } from './drill.ts';

export interface Options {
  /** The drills to run, in order; none: list those there are. */
  wanted: Drill[];
  /** Whether they run with the rules in their fast form. */
  fast: boolean;
}

/**
 * What is asked for: NAME (one or several, or `all`) and DRILL_SPEED (`real` or `fast`).
 *
 * @throws an error that says what was expected
 */
export function readOptions(environment: NodeJS.ProcessEnv, drills: Drill[]): Options {
  const schema = z.object({
    NAME: z
      .string()
      .default('')
      .transform((text) => text.split(/[\s,]+/).filter((name) => name !== ''))
      .transform((names, context) =>
        names.includes('all')
          ? drills
          : names.flatMap((name) => {
              const drill = drills.find((one) => one.name === name);
              if (drill) return [drill];
              context.addIssue(`there is no drill ${name}; \`make drill\` lists those there are`);
              return [];
            }),
      ),
    DRILL_SPEED: z.enum(['real', 'fast'], 'expected DRILL_SPEED=real or fast').default('real'),
  });
  const parsed = schema.safeParse(environment);
  if (!parsed.success) {
    throw new Error(parsed.error.issues.map(({ message }) => message).join('. '));
  }
  return { wanted: parsed.data.NAME, fast: parsed.data.DRILL_SPEED === 'fast' };
}
