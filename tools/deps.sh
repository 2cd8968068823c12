#!/bin/sh
# Installs what the tests need and this machine lacks; with the argument gcc the
# compiler alone. Nothing is done when all is there.
set -eu

missing=""
command -v gcc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
[ "${1:-}" = gcc ] || {
	command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
	command -v firefox-esr >/dev/null 2>&1 || missing="$missing firefox-esr"
	command -v pulseaudio >/dev/null 2>&1 || missing="$missing pulseaudio"
	command -v zbarimg >/dev/null 2>&1 || missing="$missing zbar-tools"
	fc-list 2>/dev/null | grep -qi 'noto.*cjk' || missing="$missing fontconfig fonts-noto-cjk"
	fc-list 2>/dev/null | grep -qi 'noto.*arabic' || missing="$missing fonts-noto-core"
	[ -d /usr/lib/python3/dist-packages/icalendar ] || missing="$missing python3-icalendar"
	[ -d /usr/lib/python3/dist-packages/vobject ] || missing="$missing python3-vobject"
	command -v linphonec >/dev/null 2>&1 || missing="$missing linphone-cli"
	command -v baresip >/dev/null 2>&1 || missing="$missing baresip-core"
	command -v opusinfo >/dev/null 2>&1 || missing="$missing opus-tools"
	command -v strace >/dev/null 2>&1 || missing="$missing strace"
}
[ -n "$missing" ] || exit 0

as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
