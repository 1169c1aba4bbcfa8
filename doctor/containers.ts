/** A container as `docker compose ps --all --format json` describes it; only what the doctor reads. */
export interface Container {
  readonly Service: string;
  readonly State: string;
  readonly Health: string;
  readonly ExitCode: number;
}

/**
 * Reads what `docker compose ps --format json` printed.
 *
 * @param text one JSON object a line (Compose 2.21 and newer) or one array of them (older)
 * @throws SyntaxError where the text is neither
 */
export function parseContainers(text: string): Container[] {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  if (trimmed.startsWith('[')) return JSON.parse(trimmed) as Container[];
  return trimmed.split('\n').map((line) => JSON.parse(line) as Container);
}

/**
 * What is wrong with a container as Docker sees it; undefined when nothing is.
 *
 * @param mayEnd whether it is a one-shot, which is well when it has exited with 0
 */
export function containerTrouble(container: Container, mayEnd: boolean): string | undefined {
  const { State: state, Health: health, ExitCode: code } = container;
  if (state === 'exited' && code === 0)
    return mayEnd ? undefined : 'has been stopped: `make up` starts it again';
  if (state === 'exited') return `exited with code ${code}`;
  if (state !== 'running') return `is ${state}`;
  return health === '' || health === 'healthy' ? undefined : `is ${health}`;
}
