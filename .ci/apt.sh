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

# The address of the archive that holds all of Debian's suites, whatever release of it this machine
# follows; nothing on another system.
debian_archive() {
    command -v apt-get >/dev/null || return 0
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    apt-get update --print-uris |
        sed -n "s#^'\(.*\)/dists/\($release\|oldstable\|stable\|testing\|unstable\|sid\)/InRelease'.*#\1#p" |
        head -n 1
}

# apt_of_suite SUITE ARGUMENT...: runs apt-get for a suite of $archive, with lists and settings of its
# own in $apt_home: what is installed here, and its priorities, say nothing of another suite.
apt_of_suite() {
    suite=$1 && shift
    home=$apt_home/$suite
    mkdir -p "$home/none" "$home/lists/partial" "$home/cache/archives/partial"
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    signed=$([ ! -e "$keyring" ] || echo "[signed-by=$keyring]")
    echo "deb $signed $archive $suite main" >"$home/sources.list"
    apt-get --quiet \
        --option APT::Sandbox::User= \
        --option APT::Default-Release="$suite" \
        --option Acquire::Languages=none \
        --option Dir::Etc::sourcelist="$home/sources.list" \
        --option Dir::Etc::sourceparts="$home/none" \
        --option Dir::Etc::preferences=/dev/null \
        --option Dir::Etc::preferencesparts="$home/none" \
        --option Dir::State::lists="$home/lists" \
        --option Dir::State::status=/dev/null \
        --option Dir::Cache="$home/cache" \
        "$@"
}
