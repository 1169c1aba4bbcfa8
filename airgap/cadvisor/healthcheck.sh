#!/bin/sh
# Asks cAdvisor, on the port that it was started with, whether it is healthy.
port=$(tr '\0' '\n' </proc/1/cmdline | sed -n 's/^--*port=//p' | tail -n 1)
exec wget -q -T 2 --spider "http://localhost:${port:-8080}/healthz"
