#!/bin/sh
# The command `uniqueid` of the image. Builds PEEWEE_URL from the variables of the Python service's image,
# then replaces itself by the program, so that signals of the container engine reach the program.
set -eu

home=$(dirname "$(readlink -f "$0")")/..

# Percent-encodes the value of a variable; takes its name, so that no command line shows the value.
encode() {
  node -e 'process.stdout.write(encodeURIComponent(process.env[process.argv[1]]))' "$1"
}

if [ -n "${PEEWEE_PASS_FILE-}" ]; then
  PEEWEE_PASS=$(cat "$PEEWEE_PASS_FILE")
  export PEEWEE_PASS
fi

if [ -n "${PEEWEE_URL-}" ]; then
  : # It says everything.
elif [ -n "${PEEWEE_DATABASE_URL-}" ]; then
  PEEWEE_URL=$PEEWEE_DATABASE_URL
elif [ -n "${PEEWEE_PROTO-}${PEEWEE_USER-}${PEEWEE_PASS-}${PEEWEE_ADDR-}${PEEWEE_PORT-}${PEEWEE_DATABASE-}" ]; then
  # Unset variables have the defaults of that image; empty ones are left out.
  export PEEWEE_USER="${PEEWEE_USER-uniqueid}" PEEWEE_PASS="${PEEWEE_PASS-uniqueid}"
  export PEEWEE_DATABASE="${PEEWEE_DATABASE-pacifica_uniqueid}"
  protocol=${PEEWEE_PROTO-mysql}
  case $protocol in
    sqlite* | apsw*)
      PEEWEE_URL=$protocol:///$PEEWEE_DATABASE
      ;;
    *)
      login=
      [ -z "$PEEWEE_USER" ] || [ -z "$PEEWEE_PASS" ] || login=$(encode PEEWEE_USER):$(encode PEEWEE_PASS)@
      PEEWEE_URL=$protocol://$login${PEEWEE_ADDR-127.0.0.1}${PEEWEE_PORT:+:$PEEWEE_PORT}/$(encode PEEWEE_DATABASE)
      ;;
  esac
elif [ -z "${UNIQUEID_CONFIG-}" ] && [ ! -e "${HOME-}/.pacifica-uniqueid/config.ini" ] &&
  [ ! -e /etc/uniqueid/config.ini ]; then
  # With a database inside the container, every new container would count from the beginning.
  echo 'Error: No database is named.' >&2
  echo 'Try:   Set PEEWEE_URL, or PEEWEE_PROTO, PEEWEE_ADDR, PEEWEE_USER, PEEWEE_PASS and PEEWEE_DATABASE.' >&2
  exit 2
fi
[ -z "${PEEWEE_URL-}" ] || export PEEWEE_URL

if [ "${1-serve}" != serve ]; then
  exec node "$home/bin/run.js" "$@"
fi
[ $# -eq 0 ] || shift

# Listen for connections from outside the container, always on the port that the health check uses.
export UNIQUEID_ADDRESS="${UNIQUEID_ADDRESS:-0.0.0.0}"
case ${UNIQUEID_PORT-} in
  # Kubernetes sets tcp://... for a Service of that name.
  '' | tcp://*) export UNIQUEID_PORT=8051 ;;
esac
exec node "$home/bin/run.js" serve --sync "$@"
