#!/bin/sh
# Every program of the machine in `bare_machine.rs`, told apart by the name it is called by. Each call
# is noted in `calls` at the root; files beside it say how the machine is.
name=${0##*/}
root=${0%%/bin/*}
root=${root%%/tools/*}
mine="$root/bin/cargo"

note() { echo "$name $*" >>"$root/calls"; }
says() { cat "$root/$1" 2>/dev/null || echo "$2"; }

case "$name $*" in
"id -u") says uid 0 ;;
"sudo -n true") test -e "$root/sudoers" ;;
"sudo -n "*)
  note "$@"
  shift
  exec "$@"
  ;;
"apt-get update") note "$@" ;;
"apt-get install "*)
  note "$@"
  for package in "$@"; do
    case "$package" in
    nodejs) ln -s "$mine" "$root/bin/node" ;;
    npm | chromium) ln -s "$mine" "$root/bin/$package" ;;
    gcc) ln -s "$mine" "$root/bin/cc" ;;
    curl | gzip | openssl | python3) ln -sf "$mine" "$root/bin/$package" ;;
    python3-aiosmtpd) echo >"$root/aiosmtpd" ;;
    esac
  done
  ;;
"node --version")
  case "$0" in
  *node_modules*) echo v22.23.3 ;;
  *) says node v20.19.2 ;;
  esac
  ;;
"python3 -c import aiosmtpd") test -e "$root/aiosmtpd" ;;
"chromium --version") says chromium "Chromium 156" ;;
"broken --version") exit 1 ;;
"npm install "*)
  note "$@"
  while test "$1" != --prefix; do shift; done
  mkdir -p "$2/node_modules/.bin"
  ln -s "$mine" "$2/node_modules/.bin/node"
  ln -s "$mine" "$2/node_modules/.bin/npm"
  ;;
"npm "*" ci "*)
  note "$@"
  mkdir -p "$2/node_modules"
  ;;
"npm --prefix ui run e2e")
  note "$@" "at $GLASSLINE_URL with $GLASSLINE_KEY in ${CHROMIUM##*/}, download skipped: $PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD"
  says e2e "  4 passed (1.2s)"
  ! test -e "$root/e2e"
  ;;
"npm --prefix ui test")
  note "$@"
  echo "      Tests  2 passed (2)"
  ;;
"npm --prefix ui run build")
  note "$@"
  . "$root/build"
  ;;
"npm "*) note "$@" ;;
"cargo test "*" --no-run "*)
  note "$@"
  echo '{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"glassline"},"profile":{"test":true},"executable":"/none"}'
  echo '{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"glassline"},"profile":{"test":false},"executable":"'"$root/bin/glassline"'"}'
  ;;
"cargo test "*)
  note "$@"
  echo "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s"
  ;;
"cargo "*) note "$@" ;;
"glassline demo "*)
  mkdir -p "$3"
  echo "$$ $3" >"$root/demo"
  if test -e "$root/demo-fails"; then
    echo "the port is taken" >&2
    exit 1
  fi
  echo "Address: http://127.0.0.1:5"
  echo "Key: gl_abc"
  echo "Page: http://127.0.0.1:5/ui/#key=gl_abc"
  exec tail -f /dev/null
  ;;
*)
  echo "unknown: $name $*" >&2
  exit 127
  ;;
esac
