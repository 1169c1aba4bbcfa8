#!/usr/bin/env bash
# Tests everything, from nothing: the sources, every component's configuration by its own tool, the services on a real
# Postgres and Redis, and the whole stack, brought up under a name and ports of its own and taken down again whatever
# happens. Ends with what failed, by name, and "N passed, N failed"; exits 1 when anything failed.
#
#   scripts/test.sh
set -euo pipefail
source "$(dirname "$0")/environment.sh"

# The test stack stands beside a running `make up` without touching it. Settings of a .env are not used.
export COMPOSE_PROJECT_NAME=crows-nest-test
export COMPOSE_ENV_FILES=tests/test.env
# CI colours nothing; and a run that is watched by nobody must not wait for anybody.
export CI=true

readonly results=.cache/test
rm -rf "$results" && mkdir -p "$results"
passed=0
# A line for each, said again at the end, where it is found without reading everything.
failures=()

# Counts one check: check <name> <command…>
check() {
  local name=$1 started=$SECONDS
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "✓ $name ($((SECONDS - started)) s)"
  else
    failures+=("$name")
    echo "✗ $name failed ($((SECONDS - started)) s)"
  fi
}

# Runs one project of vitest.config.ts and counts its tests: vitests <project>
vitests() {
  local project=$1 report=$results/$1.json code=0 counted
  echo "▶ $project tests"
  vitest run --project "$project" --reporter=default --reporter=json --outputFile.json="$report" || code=$?
  # How many passed, then a line for each that failed. A file that cannot even be loaded has no tests to count, but has
  # failed all the same; so has a run that found no test, or ended in an error outside of one.
  mapfile -t counted < <(node -e '
    const [, report, code] = process.argv;
    const { numPassedTests, testResults } = JSON.parse(require("node:fs").readFileSync(report, "utf8"));
    const failures = testResults.filter(({ status }) => status === "failed").flatMap(({ name, message, assertionResults }) => {
      const tests = assertionResults.filter(({ status }) => status === "failed");
      return tests.length > 0 ? tests.map((test) => `${test.fullName}: ${test.failureMessages[0]}`) : [`${name}: ${message}`];
    });
    if (failures.length === 0 && code !== "0") failures.push("an error outside of a test");
    console.log(numPassedTests);
    for (const failure of failures) console.log(failure.split("\n")[0].slice(0, 300));' "$report" "$code" || printf '0\nno report\n')
  passed=$((passed + counted[0]))
  failures+=("${counted[@]:1}")
}

take_down() {
  [ -z "${databases:-}" ] || docker rm --force --volumes $databases >/dev/null 2>&1 || true
  docker compose --profile '*' down --volumes --remove-orphans --timeout 10 >/dev/null 2>&1 || true
  # The lookout alone, which its test removes by itself unless it is cut off.
  COMPOSE_PROJECT_NAME=$COMPOSE_PROJECT_NAME-alone docker compose -f docker-compose.monitoring.yml down --volumes --timeout 10 >/dev/null 2>&1 || true
}

finish() {
  local code=$?
  [ "$code" -eq 0 ] || failures+=('stopped half-way')
  # What the stack said, where something failed: it is gone in a moment.
  [ ${#failures[@]} -eq 0 ] || docker compose logs --no-color --timestamps --tail 20000 >"$results/stack.log" 2>&1 || true
  take_down
  echo
  [ ${#failures[@]} -eq 0 ] || printf '✗ %s\n' "${failures[@]}"
  echo "took $((SECONDS / 60)) min $((SECONDS % 60)) s"
  echo "$passed passed, ${#failures[@]} failed"
  [ ${#failures[@]} -eq 0 ] || exit 1
}
trap finish EXIT
trap 'exit 130' INT TERM

scripts/docker.sh
scripts/preflight.sh
scripts/node.sh
export PATH="$PWD/node_modules/.bin:$PATH"

check 'types' node --run typecheck
check 'lint and format' node --run lint
vitests unit

scripts/images.sh
leave_grafana_out_if_missing
check 'configuration, by each component'"'"'s own tool' scripts/check-config.sh
check "the gateway's configuration" services/web/check.sh
if docker image inspect crows-nest/airgap-base:trixie >/dev/null 2>&1; then
  check 'stand-ins are as bare as the official images' airgap/check.sh
fi

# However few processors there are: alerts and containers are mostly waited for.
echo '▶ a Postgres and three Redis for the integration tests, so that three files run at once'
images=$(docker compose config --images)
postgres=$(docker run --detach --publish 127.0.0.1::5432 --env POSTGRES_PASSWORD=test "$(grep '^postgres:' <<<"$images")" \
  -c fsync=off -c max_connections=300)
databases=$postgres
TEST_DATABASE_URL="postgres://postgres:test@$(docker port "$postgres" 5432/tcp)/postgres"
TEST_REDIS_URL=''
for _ in 1 2 3; do
  redis=$(docker run --detach --publish 127.0.0.1::6379 "$(grep '^redis:' <<<"$images")")
  databases+=" $redis"
  TEST_REDIS_URL+="${TEST_REDIS_URL:+,}redis://$(docker port "$redis" 6379/tcp)"
  timeout 60 bash -c "until docker exec $redis redis-cli ping >/dev/null; do sleep 0.2; done"
done
timeout 60 bash -c "until docker exec $postgres pg_isready -q -h 127.0.0.1; do sleep 0.2; done"
export TEST_DATABASE_URL TEST_REDIS_URL
vitests integration
docker rm --force --volumes $databases >/dev/null
databases=''

echo '▶ the whole stack'
check 'it comes up, every component well' scripts/up.sh
vitests stack
vitests drills
vitests chaos
