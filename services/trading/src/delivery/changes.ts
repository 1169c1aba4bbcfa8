/**
 * What a deployment brings, from `git log --format='%H %cI'` (newest first) of what is deployed now.
 *
 * @param lastRevision what was deployed before
 * @returns the revision and when the oldest change since then was committed; where the log does not show what was deployed before, of the
 *   newest alone. Undefined when nothing has changed.
 */
export function changesSince(
  log: string,
  lastRevision: string | undefined,
): { revision: string; committedAt: string } | undefined {
  const commits = log
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([revision, committedAt]) =>
      revision && committedAt ? [{ revision, committedAt }] : [],
    );
  const [newest] = commits;
  if (!newest || newest.revision === lastRevision) return undefined;
  const known = commits.findIndex(({ revision }) => revision === lastRevision);
  const { committedAt } = commits[known - 1] ?? newest;
  return { revision: newest.revision, committedAt };
}
