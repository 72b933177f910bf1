#!/usr/bin/env bash
# Prefect from a plain checkout, on this machine: server, work pool, automation, deployments and one
# worker. Ctrl-C stops all of it; runs and schedules stay in the database of PREFECT_HOME.
#
#   scripts/serve.sh [PORT]
#
# MASKRNN_WEBHOOK=URL: scheduled runs report their end there (scripts/notify.py).
set -euo pipefail
cd "$(dirname "$0")/.."
port=${1:-4200}
python=${PYTHON:-.venv/bin/python}

# Nothing leaves the machine, and nobody else reaches it.
export DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false
export PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY=false PREFECT_SERVER_UI_V2_ENABLED=false
export PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT=false
export PREFECT_API_URL=http://127.0.0.1:$port/api
export MASKRNN_HOME=$PWD PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}

prefect() { "$python" -m prefect --no-prompt "$@"; }

answers() {
  "$python" -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1] + "/health", timeout=2)' \
    "$PREFECT_API_URL" 2>/dev/null
}

if answers; then
  echo "serve: something answers at $PREFECT_API_URL already; name another port: $0 PORT" >&2
  exit 1
fi
# Each in a group of its own: the worker with its runs ends first, while the server still listens.
set -m
stop() {
  trap - EXIT INT TERM
  for group in ${worker:-} ${server:-}; do
    kill -TERM -- "-$group" 2>/dev/null || continue
    for _ in {1..60}; do  # half a minute; Prefect's worker has been seen to wait for ever
      kill -0 "$group" 2>/dev/null || break
      sleep 0.5
    done
    kill -KILL -- "-$group" 2>/dev/null || true
    wait "$group" || true
  done
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$python" -m prefect server start --host 127.0.0.1 --port "$port" &
server=$!
until answers; do
  kill -0 "$server" 2>/dev/null || { echo "serve: the server did not start" >&2; exit 1; }
  sleep 1
done
prefect work-pool create local-process --type process --overwrite
prefect automation delete lost-flow-runs >/dev/null 2>&1 || true
prefect automation create --from-file automations.yaml
if [[ -n ${MASKRNN_WEBHOOK:-} ]]; then
  "$python" scripts/notify.py "$MASKRNN_WEBHOOK"
fi
prefect deploy --all
echo "serve: http://127.0.0.1:$port; start a run with"
echo "serve:   PREFECT_API_URL=$PREFECT_API_URL $python -m prefect deployment run benchmark/synthetic --watch"
"$python" -m prefect worker start --pool local-process --limit 1 &
worker=$!
wait -n  # in the foreground, the worker would keep signals from this script
