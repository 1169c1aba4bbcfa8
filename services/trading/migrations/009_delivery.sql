-- How software is delivered, and what goes wrong with it: the two sources of the four DORA figures.

-- Every release that was tried.
--   id            given by whoever reports it, or made from the rest: what makes reporting it again harmless
--   committed_at  of the oldest change in it
CREATE TABLE deployments (
  id text PRIMARY KEY,
  environment text NOT NULL,
  revision text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('succeeded', 'failed')),
  committed_at timestamptz NOT NULL,
  deployed_at timestamptz NOT NULL CHECK (deployed_at >= committed_at)
);
CREATE INDEX deployments_of_environment ON deployments (environment, deployed_at);

-- One firing of one alert, from its start to its end. An alert is known by the fingerprint of its labels; it fires again
-- with another start.
--   heard_at  when Alertmanager last spoke of it. An alert that is silenced and then ends is never spoken of again, so that an
--             old incident without an end is no open one.
CREATE TABLE incidents (
  fingerprint text NOT NULL,
  started_at timestamptz NOT NULL,
  alertname text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('critical', 'warning')),
  service text NOT NULL,
  environment text NOT NULL,
  resolved_at timestamptz CHECK (resolved_at >= started_at),
  heard_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (fingerprint, started_at)
);
CREATE INDEX incidents_of_environment ON incidents (environment, started_at);
CREATE INDEX incidents_open ON incidents (heard_at) WHERE resolved_at IS NULL;
