/**
 * The seed of a random test: TEST_SEED where that is set, so that a run that failed can be had again, else a new one. It is
 * printed, because without it a failure could not be repeated.
 */
export function testSeed(): number {
  const given = process.env['TEST_SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  if (!Number.isInteger(seed)) {
    throw new Error(`TEST_SEED: expected a whole number, but it is ${JSON.stringify(given)}`);
  }
  console.log(`TEST_SEED=${seed}`);
  return seed;
}
