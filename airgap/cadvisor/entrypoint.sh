#!/bin/sh
# As in the original: log to stderr, unless told otherwise.
exec /usr/bin/cadvisor -logtostderr "$@"
