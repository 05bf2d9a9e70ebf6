# shellcheck shell=sh
# Sourced by the other scripts: Debian's and Ubuntu's packages, with sudo only where root is needed.

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Whether apt offers the package $1. Fetches apt's lists if there are none, as on a new machine.
apt_offers() {
    command -v apt-get >/dev/null || return 1
    [ -n "$(apt-cache madison libc6)" ] || as_root apt-get --quiet update || return 1
    [ -n "$(apt-cache madison "$1")" ]
}

# Runs a command of apt; if it fails, once more with fresh lists, since old ones name files now gone.
with_fresh_lists() {
    "$@" || { as_root apt-get --quiet update && "$@"; }
}
