# Every task. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help up down restart status logs doctor urls drill test lint format dashboards signals smoke load clean

# Node 24 comes with the development packages; the host's own, if it has one, may be older.
with_node := scripts/node.sh && export PATH="$$PWD/node_modules/.bin:$$PATH" &&

help: ## Lists these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

##@ Running it
up: ## Starts everything, from nothing if need be, and prints the addresses
	@scripts/up.sh

down: ## Stops everything; the data stays
	@docker compose down --remove-orphans

restart: down up ## Stops everything and starts it again

status: ## Shows every container: state, health, memory, CPU
	@scripts/status.sh

logs: ## Follows what the services say; SERVICE=api for one
	@docker compose logs --follow --tail 100 $(SERVICE)

doctor: ## Asks every component whether it is well, and says what to do if not
	@scripts/doctor.sh

urls: ## Prints every address and login
	@scripts/urls.sh

smoke: ## Walks through every function once with k6, against the running stack
	@docker compose ps --services --status running | grep -qx web || { echo "smoke: nothing is running. Start it with 'make up'." >&2; exit 1; }
	@docker compose run --rm --no-deps -T traffic run --quiet /loadtest/smoke.ts

load: ## Loads the running stack and shows it in Grafana (k6; VUS=10 DURATION=30s); fails where a limit is crossed
	@docker compose ps --services --status running | grep -qx web || { echo "load: nothing is running. Start it with 'make up'." >&2; exit 1; }
	@docker compose run --rm --no-deps -T traffic run --quiet --vus $(or $(VUS),10) --duration $(or $(DURATION),30s) \
	  --out experimental-prometheus-rw --tag testid=$$(date -u +%FT%TZ) --system-tags scenario,method,status,name,check,expected_response \
	  /loadtest/loadtest.js

# Not what the shell happens to have: WSL, for one, sets NAME.
drill: export NAME =
drill: ## Lists what can be broken; NAME=redis-down breaks it, NAME=all all of it, DRILL_SPEED=fast quickly
	@$(with_node) exec node drills/main.ts

clean: ## Stops everything and deletes its data: books, metrics, logs, traces
	@docker compose down --remove-orphans --volumes

##@ Working on it
test: ## Tests everything, from nothing, in a stack of its own
	@scripts/test.sh

lint: ## Checks types, style and format
	@$(with_node) node --run typecheck && node --run lint

format: ## Formats the sources
	@$(with_node) node --run format

dashboards: ## Generates Grafana's dashboards and docs/dashboards.md from grafana/src
	@$(with_node) node --run dashboards

signals: ## Generates docs/signals.md: every metric, log field and span
	@$(with_node) node --run signals
